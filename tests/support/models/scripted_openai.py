"""OpenAI's chat completions for the scripted model: its messages, translated and streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_USAGE = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}


def translate(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message of Anthropic's API, with its one block, as a chat completion."""
    block = message["content"][0]
    if block["type"] == "text":
        reply: dict[str, Any] = {"content": block["text"]}
    else:
        function = {"name": block["name"], "arguments": json.dumps(block["input"])}
        reply = {
            "content": None,
            "tool_calls": [{"id": block["id"], "type": "function", "function": function}],
        }
    choice = {"index": 0, "message": {"role": "assistant", **reply}, "finish_reason": _find_reason(reply)}
    return {**_write_head(message), "object": "chat.completion", "choices": [choice], "usage": _USAGE}


def write_events(completion: dict[str, Any]) -> Iterator[bytes]:
    """Write a chat completion the way it is streamed, in the fewest chunks that make one."""
    message = completion["choices"][0]["message"]
    calls = [{"index": index, **call} for index, call in enumerate(message.get("tool_calls", []))]
    delta = {"role": "assistant", **({"tool_calls": calls} if calls else {"content": message["content"]})}
    head = {**_write_head(completion), "object": "chat.completion.chunk"}
    reason = completion["choices"][0]["finish_reason"]
    yield _write_chunk(head, choices=[{"index": 0, "delta": delta, "finish_reason": None}])
    yield _write_chunk(head, choices=[{"index": 0, "delta": {}, "finish_reason": reason}])
    yield _write_chunk(head, choices=[], usage=completion["usage"])
    yield b"data: [DONE]\n\n"


def read_texts(body: dict[str, Any], role: str) -> list[str]:
    """Return the texts of all messages of one role in a request, each part of a message on its own."""
    contents = [message["content"] for message in body["messages"] if message["role"] == role]
    parts = [[{"text": content}] if isinstance(content, str) else content for content in contents]
    return [part["text"] for message in parts for part in message]


def write_prefix(body: dict[str, Any]) -> str:
    """Return the part of a request that a provider's cache compares: the tools, then all messages."""
    return json.dumps(body["tools"]) + "".join(map(json.dumps, body["messages"]))


def _find_reason(reply: dict[str, Any]) -> str:
    return "tool_calls" if "tool_calls" in reply else "stop"


def _write_head(message: dict[str, Any]) -> dict[str, Any]:
    return {"id": message["id"], "created": 1_800_000_000, "model": message["model"]}


def _write_chunk(head: dict[str, Any], **fields: Any) -> bytes:
    return f"data: {json.dumps(head | fields)}\n\n".encode()
