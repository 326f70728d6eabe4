"""JSON-RPC 2.0 as MCP uses it, and the answers that need no memory: who we are, and which tools there are.

Standard library only: the client has a copy for `mnemos mcp`, whose host waits for the list of tools before
its first turn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

#: Where a server answers MCP over HTTP, besides the same path below a base that has the key.
MCP_PATH = "/mcp"

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
#: Of MCP from 2026-07-28 on: the version named isn't spoken here; `data.supported` says which are.
UNSUPPORTED_VERSION = -32022

#: Versions of MCP that are spoken here, newest first; what is used of it is the same in all.
PROTOCOL_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")

#: What a model is told of the five tools as a whole. It is in every one of its turns, so it is short.
INSTRUCTIONS = (
    "A memory shared by all of the user's agents and sessions. Search it before you ask the user something "
    "they may have said before, and when past decisions, preferences or facts could matter. Store what will "
    "be worth knowing in another session: one fact per memory, understandable alone. Never store secrets. "
    "Name a subject where only the newest counts (user/employer): it takes the place of what was there. "
    "When a memory turns out to be wrong, replace, update or delete it by its id."
)

RequestId = str | int

_READ_ONLY = ("memory_search", "memory_get")
_DESTRUCTIVE = ("memory_delete",)
#: Where clients of MCP 2026-07-28 name themselves in every request; before, in `initialize` alone.
_CLIENT_IN_META = "io.modelcontextprotocol/clientInfo"


class RpcError(Exception):
    """A request that gets an error for an answer."""

    def __init__(
        self,
        code: int,
        message: str,
        request_id: RequestId | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Keep the JSON-RPC code, the sentence, which request it is about, and more for programs, if any."""
        super().__init__(message)
        self.code = code
        self.request_id = request_id
        self.data = data


class Request(NamedTuple):
    """One message from the client. Without an id it is a notification, which gets no answer."""

    method: str
    params: dict[str, object]
    request_id: RequestId | None


def parse_message(text: bytes) -> Request | None:
    """Read one message. None for what needs no answer: a blank text, or an answer of the client's.

    Raises RpcError for what isn't a request.
    """
    if not text.strip():
        return None
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RpcError(PARSE_ERROR, "the message isn't JSON") from error
    if not isinstance(message, dict):
        raise RpcError(INVALID_REQUEST, "a message is a JSON object; batches aren't part of MCP")
    method, request_id, params = message.get("method"), message.get("id"), message.get("params", {})
    if not isinstance(request_id, (str, int, type(None))) or isinstance(request_id, bool):
        raise RpcError(INVALID_REQUEST, "an id is a string or an integer")
    if method is None and ("result" in message or "error" in message):
        return None
    if not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, "a request names its method", request_id)
    if not isinstance(params, dict):
        raise RpcError(INVALID_PARAMS, "params is an object", request_id)
    return Request(method, params, request_id)


def answer_request(request: Request, tools: Iterable[Mapping[str, Any]], version: str) -> dict[str, object]:
    """Answer any request but `tools/call`. Tools have name, description and input_schema.

    Raises RpcError for a method that isn't there.
    """
    if request.method == "initialize":
        return {
            "protocolVersion": choose_version(request.params.get("protocolVersion")),
            "capabilities": {"tools": {"listChanged": False}},
            "serverInfo": {"name": "mnemos", "title": "mnemos memory", "version": version},
            "instructions": INSTRUCTIONS,
        }
    if request.method == "ping":
        return {}
    if request.method == "tools/list":
        return {"tools": [_show_tool(tool) for tool in tools]}
    raise RpcError(METHOD_NOT_FOUND, f"there is no method {request.method[:100]!r} here", request.request_id)


def read_tool_call(request: Request, names: Iterable[str]) -> tuple[str, dict[str, object]]:
    """Give the name and the arguments of `tools/call`; whether they are right is told by the tool.

    Raises RpcError when it names no tool, or its arguments are no object.
    """
    name, arguments, known = request.params.get("name"), request.params.get("arguments"), tuple(names)
    if not isinstance(name, str) or name not in known:
        sentence = f"there is no tool {str(name)[:100]!r}; the tools are {', '.join(known)}"
        raise RpcError(INVALID_PARAMS, sentence, request.request_id)
    if not isinstance(arguments, dict | None):
        raise RpcError(INVALID_PARAMS, "arguments is an object", request.request_id)
    return name, arguments or {}


def name_client(params: Mapping[str, object]) -> str:
    """Give what the client calls itself in the parameters of a request; "" where it doesn't."""
    meta = params.get("_meta")
    for client in (params.get("clientInfo"), meta.get(_CLIENT_IN_META) if isinstance(meta, dict) else None):
        name = client.get("name") if isinstance(client, dict) else None
        if isinstance(name, str) and name.strip():
            return name.strip()
    return ""


def format_result(request_id: RequestId, result: dict[str, object]) -> bytes:
    """Write a successful answer as one line."""
    return _to_line({"jsonrpc": "2.0", "id": request_id, "result": result})


def format_error(error: RpcError) -> bytes:
    """Write an error as one line."""
    body: dict[str, object] = {"code": error.code, "message": str(error)}
    if error.data is not None:
        body["data"] = error.data
    return _to_line({"jsonrpc": "2.0", "id": error.request_id, "error": body})


def choose_version(wanted: object) -> str:
    """Agree to the client's version of MCP if it is one of ours, else offer the newest."""
    return wanted if isinstance(wanted, str) and wanted in PROTOCOL_VERSIONS else PROTOCOL_VERSIONS[0]


def compact_json(value: object) -> str:
    """Write JSON without blanks and without escapes that only cost a model tokens."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _show_tool(tool: Mapping[str, Any]) -> dict[str, object]:
    name = tool["name"]
    return {
        "name": name,
        "description": tool["description"],
        "inputSchema": tool["input_schema"],
        "annotations": {
            "readOnlyHint": name in _READ_ONLY,
            "destructiveHint": name in _DESTRUCTIVE,
            "openWorldHint": False,
        },
    }


def _to_line(message: dict[str, object]) -> bytes:
    return compact_json(message).encode("utf-8", "replace") + b"\n"
