"""JSON-RPC 2.0 as MCP uses it, and the responses that need no memory: the server's name and its tools.

Standard library only: the client has a copy for `mnemos mcp`, whose host waits for the list of tools before
its first turn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

#: Path of MCP over HTTP; the same path also exists below a base that contains the key.
MCP_PATH = "/mcp"

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
#: From MCP 2026-07-28 on: the requested version isn't supported; `data.supported` lists those that are.
UNSUPPORTED_VERSION = -32022

#: Supported versions of MCP, newest first; what mnemos uses is the same in all.
PROTOCOL_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")

#: What models read about the five tools as a whole. It is part of every turn, so it is short.
INSTRUCTIONS = (
    "A memory shared by all of the user's agents and sessions. Search it before you ask the user something "
    "they may have said before, and when past decisions, preferences or facts could matter. Store what will "
    "be worth knowing in another session: one fact per memory, understandable on its own. Never store "
    "secrets. Set a subject (user/employer) for a fact with one current value: the new memory supersedes the "
    "old one. If a memory is wrong, replace, update or delete it by its id."
)

RequestId = str | int

_READ_ONLY = ("memory_search", "memory_get")
_DESTRUCTIVE = ("memory_delete",)
#: Where clients of MCP 2026-07-28 name themselves in every request; before, in `initialize` alone.
_CLIENT_IN_META = "io.modelcontextprotocol/clientInfo"


class RpcError(Exception):
    """A request whose response is an error."""

    def __init__(
        self,
        code: int,
        message: str,
        request_id: RequestId | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Keep the JSON-RPC code, the sentence, the id of the request, and data for programs, if any."""
        super().__init__(message)
        self.code = code
        self.request_id = request_id
        self.data = data


class Request(NamedTuple):
    """One message from the client. Without an id it is a notification, which gets no response."""

    method: str
    params: dict[str, object]
    request_id: RequestId | None


def parse_message(text: bytes) -> Request | None:
    """Return one message. None for what needs no response: a blank text, or a response of the client.

    Raises RpcError for anything else that isn't a request.
    """
    if not text.strip():
        return None
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RpcError(PARSE_ERROR, "the message isn't JSON") from error
    if not isinstance(message, dict):
        raise RpcError(INVALID_REQUEST, "a message must be a JSON object; MCP has no batches")
    method, request_id, params = message.get("method"), message.get("id"), message.get("params", {})
    if not isinstance(request_id, (str, int, type(None))) or isinstance(request_id, bool):
        raise RpcError(INVALID_REQUEST, "id must be a string or an integer")
    if method is None and ("result" in message or "error" in message):
        return None
    if not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, "method must be a string", request_id)
    if not isinstance(params, dict):
        raise RpcError(INVALID_PARAMS, "params must be an object", request_id)
    return Request(method, params, request_id)


def handle_request(request: Request, tools: Iterable[Mapping[str, Any]], version: str) -> dict[str, object]:
    """Return the result of any request except `tools/call`. Tools have name, description and input_schema.

    Raises RpcError for an unknown method.
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
    raise RpcError(METHOD_NOT_FOUND, f"unknown method {request.method[:100]!r}", request.request_id)


def read_tool_call(request: Request, names: Iterable[str]) -> tuple[str, dict[str, object]]:
    """Return the name and the arguments of `tools/call`; the tool checks the arguments.

    Raises RpcError for an unknown tool, or when the arguments aren't an object.
    """
    name, arguments, known = request.params.get("name"), request.params.get("arguments"), tuple(names)
    if not isinstance(name, str) or name not in known:
        sentence = f"unknown tool {str(name)[:100]!r}; the tools are {', '.join(known)}"
        raise RpcError(INVALID_PARAMS, sentence, request.request_id)
    if not isinstance(arguments, dict | None):
        raise RpcError(INVALID_PARAMS, "arguments must be an object", request.request_id)
    return name, arguments or {}


def name_client(params: Mapping[str, object]) -> str:
    """Return the client's name from the parameters of a request; "" if it has none."""
    meta = params.get("_meta")
    for client in (params.get("clientInfo"), meta.get(_CLIENT_IN_META) if isinstance(meta, dict) else None):
        name = client.get("name") if isinstance(client, dict) else None
        if isinstance(name, str) and name.strip():
            return name.strip()
    return ""


def format_result(request_id: RequestId, result: dict[str, object]) -> bytes:
    """Return a successful response as one line."""
    return _to_line({"jsonrpc": "2.0", "id": request_id, "result": result})


def format_error(error: RpcError) -> bytes:
    """Return an error response as one line."""
    body: dict[str, object] = {"code": error.code, "message": str(error)}
    if error.data is not None:
        body["data"] = error.data
    return _to_line({"jsonrpc": "2.0", "id": error.request_id, "error": body})


def choose_version(wanted: object) -> str:
    """Return the client's version of MCP if it is supported, or else the newest."""
    return wanted if isinstance(wanted, str) and wanted in PROTOCOL_VERSIONS else PROTOCOL_VERSIONS[0]


def compact_json(value: object) -> str:
    """Return JSON without blanks and without escapes, which only cost a model tokens."""
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
