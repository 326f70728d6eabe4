"""Fixtures of the MCP server's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients.python.tests.mcp.support import MEMORY, McpProcess, MemoryServer, run_memory_server

MEMORIES = "/v1alpha2/mem9s/memories"
ONE = f"{MEMORIES}/{MEMORY['id']}"
#: What happened to the memory: stored, changed, said again by somebody.
HISTORY = {
    "memory": {**MEMORY, "version": 2, "content": "The mast is pine."},
    "changes": [
        {
            "action": "repeated",
            "version": 2,
            "happened_at": "2026-11-23T09:00:00.5Z",
            "agent_id": "other",
            "detail": {"content": "The mast is pine!"},
        },
        {
            "action": "updated",
            "version": 2,
            "happened_at": "2026-11-23T08:00:00Z",
            "before": {name: MEMORY[name] for name in ("content", "tags", "version", "state", "source")},
        },
        {"action": "created", "version": 1, "happened_at": "2026-11-22T08:00:00Z", "agent_id": "tester"},
    ],
}


@pytest.fixture
def server() -> Iterator[MemoryServer]:
    page = {"memories": [{**MEMORY, "confidence": 61, "relative_age": "1 day ago"}]}
    answers = {
        f"POST {MEMORIES}": (
            202,
            {"status": "accepted", "outcome": "created", "id": MEMORY["id"], "memory": MEMORY},
        ),
        f"GET {MEMORIES}": (200, {**page, "total": 1, "limit": 10, "offset": 0}),
        f"GET {ONE}": (200, {**MEMORY, "metadata": {"from": "log"}}),
        f"PUT {ONE}": (200, {**MEMORY, "version": 2, "updated_by": "tester"}),
        f"DELETE {ONE}": (204, None),
        f"GET {ONE}/history": (200, HISTORY),
    }
    with run_memory_server(answers) as running:
        yield running


@pytest.fixture
def mcp(server: MemoryServer) -> Iterator[McpProcess]:
    process = McpProcess(server.url)
    yield process
    process.close()


@pytest.fixture
def alone() -> Iterator[McpProcess]:
    """`mnemos mcp` without a server."""
    process = McpProcess()
    yield process
    process.close()
