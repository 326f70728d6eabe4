"""Fixtures of the MCP server's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients.python.tests.mcp.support import MEMORY, McpProcess, MemoryServer, run_memory_server

MEMORIES = "/v1alpha2/mem9s/memories"
ONE = f"{MEMORIES}/{MEMORY['id']}"


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
