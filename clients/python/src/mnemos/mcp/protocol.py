"""JSON-RPC 2.0 as MCP uses it over standard input and output: one message a line.

Standard library only: a host waits for the list of tools before its first turn.
"""

from __future__ import annotations

import json
from typing import NamedTuple

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

#: Versions of MCP that are spoken here, newest first; what is used of it is the same in all.
PROTOCOL_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")

RequestId = str | int


class RpcError(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, code: int, message: str, request_id: RequestId | None = None) -> None:
        """Keep the JSON-RPC code, the sentence, and which request it is about, if that is known."""
        super().__init__(message)
        self.code = code
        self.request_id = request_id


class Request(NamedTuple):
    """One message from the client. Without an id it is a notification, which gets no answer."""

    method: str
    params: dict[str, object]
    request_id: RequestId | None


def parse_message(line: bytes) -> Request | None:
    """Read one line. None for what needs no answer: an empty line, or an answer of the client's.

    Raises RpcError for what isn't a request.
    """
    if not line.strip():
        return None
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RpcError(PARSE_ERROR, "the line isn't JSON") from error
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


def format_result(request_id: RequestId, result: dict[str, object]) -> bytes:
    """Write a successful answer as one line."""
    return _to_line({"jsonrpc": "2.0", "id": request_id, "result": result})


def format_error(error: RpcError) -> bytes:
    """Write an error as one line."""
    body = {"code": error.code, "message": str(error)}
    return _to_line({"jsonrpc": "2.0", "id": error.request_id, "error": body})


def choose_version(wanted: object) -> str:
    """Agree to the client's version of MCP if it is one of ours, else offer the newest."""
    return wanted if isinstance(wanted, str) and wanted in PROTOCOL_VERSIONS else PROTOCOL_VERSIONS[0]


def compact_json(value: object) -> str:
    """Write JSON without blanks and without escapes that only cost a model tokens."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _to_line(message: dict[str, object]) -> bytes:
    return compact_json(message).encode("utf-8", "replace") + b"\n"
