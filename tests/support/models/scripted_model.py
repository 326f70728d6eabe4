"""A model for tests that replies by a script, on 127.0.0.1, without network.

It speaks Anthropic's Messages API and, for hosts that support nothing else, OpenAI's chat completions.

A script is a list of rules. The first rule that matches a user message without a reply applies; the step that
is due follows from the tool calls that the request already contains. So the server keeps no state, and side
requests and parallel sessions don't disturb each other.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from tests.support.models import held_turn, scripted_openai

#: The reply when no rule applies.
DEFAULT_ANSWER = "Nothing in the script fits."
_USAGE = {"input_tokens": 10, "output_tokens": 10}
#: Translates a message of Anthropic's API to another API, and the result to the events of a stream.
Translate = Callable[[dict[str, Any]], dict[str, Any]]
WriteEvents = Callable[[dict[str, Any]], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Say:
    """A step that ends the turn with a text."""

    text: str


@dataclass(frozen=True, slots=True)
class CallTool:
    """A step that calls the tool whose name ends with `name`."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do about a user message that matches `when` (a regular expression)."""

    when: str
    steps: tuple[Say | CallTool, ...]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request to the model, as the host sent it."""

    body: dict[str, Any]

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tools that the model can call: `name`, `description`, and `parameters` or `input_schema`."""
        return [tool.get("function", tool) for tool in self.body.get("tools") or []]

    @property
    def tool_names(self) -> list[str]:
        """Names of the tools that the model can call."""
        return [str(tool.get("name", "")) for tool in self.tools]

    @property
    def text(self) -> str:
        """Everything the model reads: system text, messages and tool results."""
        system = "\n".join(_texts(self.body.get("system")))
        return "\n".join([system, *(turn.text for turn in _read_turns(self.body))])

    @property
    def tool_results(self) -> list[str]:
        """The texts of all tool results, oldest first."""
        return [turn.text for turn in _read_turns(self.body) if turn.kind == "result"]


@dataclass(frozen=True, slots=True)
class _Turn:
    #: user, system, call (the model called a tool), answer (it didn't) or result (of a tool).
    kind: str
    text: str


#: A turn that calls tools for as long as its test does.
_HELD = Rule(re.escape(held_turn.PROMPT), (Say("held"),) * 10_000)


class ScriptedModel:
    """The running model: its address, and the requests it received."""

    def __init__(self, url: str, rules: Sequence[Rule]) -> None:
        self.url = url
        self.rules = list(rules)
        self.requests: list[ModelRequest] = []
        #: How many of the next requests fail with an error.
        self.failures = 0
        #: Decides about the turn whose prompt contains its marker, before any rule.
        self.held_turn: held_turn.HeldTurn | None = None

    def decide(self, request: ModelRequest) -> Say | CallTool:
        """Return the step that is due, with the name of the tool in this host."""
        turns = _read_turns(request.body)
        if self.held_turn and _find_step(_HELD, turns):
            command = self.held_turn.answer_request([turn.text for turn in turns if turn.kind == "result"])
            return _name_tool(CallTool(*command), request) if command else Say("The turn is over.")
        for rule in self.rules:
            step = _find_step(rule, turns)
            if isinstance(step, CallTool):
                return _name_tool(step, request)
            if step is not None:
                return step
        return Say(DEFAULT_ANSWER)


def _name_tool(step: CallTool, request: ModelRequest) -> Say | CallTool:
    """Return the step with the full name of the tool in this host."""
    name = next((name for name in request.tool_names if name.endswith(step.name)), None)
    return CallTool(name, step.arguments) if name else Say(f"There is no tool {step.name}.")


@contextmanager
def run_scripted_model(*rules: Rule) -> Iterator[ScriptedModel]:
    """Run a model on a free port for as long as the context lasts."""
    server = _Server(("127.0.0.1", 0), _Handler)
    model = server.model = ScriptedModel(f"http://127.0.0.1:{server.server_port}", rules)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    model: ScriptedModel


def _find_step(rule: Rule, turns: Sequence[_Turn]) -> Say | CallTool | None:
    """Return the step of a rule that is due; None when it doesn't apply or is over."""
    matching = [i for i, turn in enumerate(turns) if turn.kind == "user" and re.search(rule.when, turn.text)]
    after = turns[matching[-1] :] if matching else []
    if not after or any(turn.kind == "answer" for turn in after):
        return None
    done = sum(turn.kind == "call" for turn in after)
    return rule.steps[done] if done < len(rule.steps) else None


def _read_turns(body: dict[str, Any]) -> list[_Turn]:
    return [_read_turn(message) for message in body.get("messages") or []]


def _read_turn(message: dict[str, Any]) -> _Turn:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    if message.get("role") == "tool":
        return _Turn("result", "\n".join(_texts(content)))
    if message.get("role") == "assistant":
        is_call = bool(message.get("tool_calls")) or any(block.get("type") == "tool_use" for block in blocks)
        return _Turn("call" if is_call else "answer", "\n".join(_texts(content)))
    results = [block for block in blocks if block.get("type") == "tool_result"]
    if results:
        return _Turn("result", "\n".join(text for block in results for text in _texts(block.get("content"))))
    return _Turn("system" if message.get("role") == "system" else "user", "\n".join(_texts(content)))


def _texts(content: object) -> list[str]:
    if isinstance(content, str):
        return [content]
    blocks = content if isinstance(content, list) else []
    return [str(block.get("text", "")) for block in blocks if block.get("type") == "text"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep the test's output clean."""

    def do_HEAD(self) -> None:
        """Respond to the host's test of the connection."""
        self._send_json({})

    def do_GET(self) -> None:
        """Respond to a request about models: there are none to list."""
        self._send_json({"data": [], "has_more": False})

    def do_POST(self) -> None:
        """Respond with the step that is due."""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        path = self.path.partition("?")[0]
        if path.endswith("/count_tokens"):
            self._send_json({"input_tokens": 10})
        elif path.endswith("/messages"):
            self._respond(body, lambda message: message, _write_events)
        elif path.endswith("/chat/completions"):
            self._respond(body, scripted_openai.translate, scripted_openai.write_events)
        else:
            self._send_json({"type": "error", "error": {"type": "not_found_error", "message": path}}, 404)

    def _respond(self, body: dict[str, Any], translate: Translate, write_events: WriteEvents) -> None:
        model = cast("_Server", self.server).model
        request = ModelRequest(body)
        model.requests.append(request)
        if model.failures:
            model.failures -= 1
            self._send_json({"type": "error", "error": {"type": "api_error", "message": "once"}}, 500)
            return
        message = translate(_write_message(model.decide(request), str(body.get("model", ""))))
        if body.get("stream"):
            self._send("text/event-stream", b"".join(write_events(message)))
        else:
            self._send_json(message)

    def _send_json(self, data: dict[str, Any], status: int = 200) -> None:
        self._send("application/json", json.dumps(data).encode(), status)

    def _send(self, content_type: str, data: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _write_message(step: Say | CallTool, model: str) -> dict[str, Any]:
    if isinstance(step, Say):
        block: dict[str, Any] = {"type": "text", "text": step.text}
    else:
        call_id = f"toolu_{uuid.uuid4().hex[:24]}"
        block = {"type": "tool_use", "id": call_id, "name": step.name, "input": step.arguments}
    return {
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [block],
        "stop_reason": "end_turn" if isinstance(step, Say) else "tool_use",
        "stop_sequence": None,
        "usage": _USAGE,
    }


def _write_events(message: dict[str, Any]) -> Iterator[bytes]:
    """Yield a message as it is streamed, in the fewest events that make one."""
    block = message["content"][0]
    if block["type"] == "text":
        empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        partial = json.dumps(block["input"])
        empty, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": partial}
    opening = {**message, "content": [], "stop_reason": None}
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield _write_event("message_start", message=opening)
    yield _write_event("content_block_start", index=0, content_block=empty)
    yield _write_event("content_block_delta", index=0, delta=delta)
    yield _write_event("content_block_stop", index=0)
    yield _write_event("message_delta", delta=ending, usage=_USAGE)
    yield _write_event("message_stop")


def _write_event(name: str, **data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()
