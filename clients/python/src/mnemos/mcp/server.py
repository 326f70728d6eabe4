"""`mnemos mcp`: responds to a host's requests, line by line, until standard input ends.

Everything before the first tool call uses the standard library; the rest is loaded by a thread while the host
reads the list of tools. Tool calls run on threads of their own, so that a slow one blocks nothing.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mnemos._generated import paths
from mnemos._generated.mcp_protocol import (
    INTERNAL_ERROR,
    Request,
    RequestId,
    RpcError,
    format_error,
    format_result,
    handle_request,
    name_client,
    parse_message,
    read_tool_call,
)

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

#: Runs a tool with arguments and returns the result of tools/call, errors included.
ToolCaller = Callable[[str, dict[str, object]], dict[str, object]]

#: Tool calls that run at the same time; more wait their turn.
MAX_PARALLEL_CALLS = 8
_TOOLS_FILE = Path(__file__).parent.parent / "_generated" / "tools.json"


class McpServer:
    """Responds to MCP requests. `write` accepts whole lines and may be called from any thread."""

    def __init__(self, write: Callable[[bytes], None], make_caller: Callable[[str], ToolCaller]) -> None:
        """Keep the function that writes, and the one that returns the tools for a client's name."""
        self._write = write
        self._make_caller = make_caller
        self._client_name = ""
        self._caller: ToolCaller | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._loading = threading.Lock()
        self._warming: threading.Thread | None = None

    def serve(self, lines: BinaryIO) -> None:
        """Respond to every line until there are no more."""
        for line in lines:
            try:
                self._handle_line(line)
            except RpcError as error:
                self._write(format_error(error))

    def _handle_line(self, line: bytes) -> None:
        request = parse_message(line)
        if request is None or request.request_id is None:
            return  # notifications, cancellations too: a tool call is over in a moment
        if request.method == "tools/call":
            self._start_call(request, request.request_id)
            return
        self._write(format_result(request.request_id, self._respond(request)))
        if request.method == "tools/list":
            self._warm_up()

    def _respond(self, request: Request) -> dict[str, object]:
        if request.method == "initialize":
            self._client_name = name_client(request.params)
        return handle_request(request, read_tools(), paths.VERSION)

    def _start_call(self, request: Request, request_id: RequestId) -> None:
        name, arguments = read_tool_call(request, (tool["name"] for tool in read_tools()))
        self._get_pool().submit(self._run_call, request_id, name, arguments)

    def _run_call(self, request_id: RequestId, name: str, arguments: dict[str, object]) -> None:
        try:
            line = format_result(request_id, self._get_caller()(name, arguments))
        except Exception as error:  # noqa: BLE001 - the boundary: every request gets a response
            print(f"mnemos mcp: {name}: {type(error).__name__}", file=sys.stderr)  # noqa: T201 - stderr is the log
            line = format_error(
                RpcError(
                    INTERNAL_ERROR, "the tool failed; the log of the MCP client has the details", request_id
                )
            )
        self._write(line)

    def _get_pool(self) -> ThreadPoolExecutor:
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - not before the first call

            self._pool = ThreadPoolExecutor(MAX_PARALLEL_CALLS)
        return self._pool

    def _get_caller(self) -> ToolCaller:
        with self._loading:
            if self._caller is None:
                self._caller = self._make_caller(self._client_name)
            return self._caller

    def _warm_up(self) -> None:
        """Load what tool calls need while the host reads the list of tools."""
        if self._warming is None:
            self._warming = threading.Thread(target=self._try_loading, daemon=True)
            self._warming.start()

    def _try_loading(self) -> None:
        try:
            self._get_caller()
        except Exception as error:  # noqa: BLE001 - the first call reports it to the host
            print(f"mnemos mcp: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201


def read_tools() -> list[dict[str, Any]]:
    """Return name, description and input_schema of the five tools."""
    tools: list[dict[str, Any]] = json.loads(_TOOLS_FILE.read_bytes())
    return tools


def main() -> None:
    """Serve MCP on standard input and output, and end with the input, whatever is still running."""
    write = _claim_standard_output()
    try:
        McpServer(write, _make_caller).serve(sys.stdin.buffer)
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    finally:
        os._exit(0)  # a call that still waits for the server must not keep an orphan alive


def _make_caller(client_name: str) -> ToolCaller:
    from mnemos.mcp.calls import make_caller  # noqa: PLC0415 - pydantic and the HTTP client take a while

    return make_caller(client_name)


def _claim_standard_output() -> Callable[[bytes], None]:
    """Reserve standard output for the protocol; everything else that is printed goes to standard error."""
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    lock = threading.Lock()

    def write(line: bytes) -> None:
        with lock:
            view = memoryview(line)
            while view:
                view = view[output.write(view) or 0 :]

    return write
