"""What `mnemos mcp` writes to its standard output, whatever it reads."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from mnemos_contract import TOOLS

from clients.python.tests.mcp.support import McpProcess, MemoryServer


@pytest.mark.parametrize("version", ["2025-11-25", "2025-06-18", "2024-11-05"])
def test_initialize_agrees_to_the_clients_version(alone: McpProcess, version) -> None:
    result = alone.ask("initialize", {"protocolVersion": version})["result"]

    assert result["protocolVersion"] == version
    assert result["serverInfo"]["name"] == "mnemos"
    assert "tools" in result["capabilities"]
    assert "Search" in result["instructions"]


@pytest.mark.parametrize("version", ["1999-01-01", 7, None])
def test_initialize_offers_the_newest_version_to_a_client_it_does_not_know(alone, version) -> None:
    assert alone.ask("initialize", {"protocolVersion": version})["result"]["protocolVersion"] == "2025-11-25"


def test_the_tools_are_those_of_the_contract(alone: McpProcess) -> None:
    tools = alone.ask("tools/list")["result"]["tools"]

    assert [(tool["name"], tool["inputSchema"]) for tool in tools] == [
        (tool.name, json.loads(json.dumps(tool.input_schema))) for tool in TOOLS
    ]
    assert {tool["name"] for tool in tools if tool["annotations"]["readOnlyHint"]} == {
        "memory_search",
        "memory_get",
    }


def test_ping_is_answered_with_its_id(alone: McpProcess) -> None:
    assert alone.ask("ping", request_id="a b") == {"jsonrpc": "2.0", "id": "a b", "result": {}}
    assert alone.ask("ping", request_id=0)["id"] == 0


@pytest.mark.parametrize("method", ["server/discover", "resources/list", "x" * 1000])
def test_an_unknown_method_is_told(alone: McpProcess, method) -> None:
    assert alone.ask(method)["error"]["code"] == -32601


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b'{"id":1}', -32600),
        (b'{"id":{},"method":"ping"}', -32600),
        (b'{"id":1,"method":"ping","params":[]}', -32602),
        (b'{"id":1,"method":"tools/call","params":{"name":"memory_eat"}}', -32602),
        (b'{"id":1,"method":"tools/call","params":{"name":["memory_get"]}}', -32602),
        (b'{"id":1,"method":"tools/call","params":{"name":"memory_get","arguments":[]}}', -32602),
    ],
)
def test_what_is_no_request_gets_an_error_and_the_next_line_an_answer(alone: McpProcess, line, code) -> None:
    alone.send(line)

    assert alone.receive()["error"]["code"] == code
    assert alone.ask("ping")["result"] == {}


def test_notifications_answers_and_empty_lines_get_no_answer(alone: McpProcess) -> None:
    alone.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
    alone.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
    alone.send({"jsonrpc": "2.0", "id": 5, "result": {}})
    alone.send(b"")

    assert alone.ask("ping", request_id=9)["id"] == 9


def test_a_slow_call_holds_up_neither_ping_nor_the_list(mcp: McpProcess, server: MemoryServer) -> None:
    server.gate.clear()
    arguments = {"name": "memory_search", "arguments": {"q": "mast"}}
    mcp.send({"jsonrpc": "2.0", "id": "slow", "method": "tools/call", "params": arguments})

    assert mcp.ask("ping", request_id=2)["id"] == 2
    assert mcp.ask("tools/list", request_id=3)["id"] == 3
    server.gate.set()
    assert mcp.receive()["id"] == "slow"


def test_the_end_of_input_ends_it_at_once_even_during_a_call(server: MemoryServer) -> None:
    process = McpProcess(server.url)
    server.gate.clear()
    arguments = {"name": "memory_search", "arguments": {"q": "mast"}}
    process.send({"jsonrpc": "2.0", "id": "slow", "method": "tools/call", "params": arguments})
    process.ask("ping")

    assert process.close() == (0, b"")


def test_up_to_the_first_call_nothing_heavy_is_loaded() -> None:
    """The list of tools is there before a host grows impatient: pydantic alone costs a tenth of a second."""
    code = (
        "import io, sys; from mnemos.mcp.server import McpServer;"
        'McpServer(lambda line: None, None).serve(io.BytesIO(b\'{"id":1,"method":"initialize"}\\n\'));'
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "mnemos.mcp.server" in loaded
    assert {"pydantic", "httpx2", "asyncio", "mnemos_contract", "concurrent.futures"}.isdisjoint(loaded)
