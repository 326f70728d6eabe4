"""The official MCP client accepts everything that the server sends."""

from __future__ import annotations

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from clients.python.tests.mcp.support import MEMORY, MemoryServer

CALLS = {
    "memory_store": {"content": "The mast is oak."},
    "memory_search": {"q": "mast"},
    "memory_get": {"id": MEMORY["id"]},
    "memory_update": {"id": MEMORY["id"], "content": "The mast is ash."},
    "memory_delete": {"id": MEMORY["id"]},
}


async def test_the_official_client_lists_and_calls_all_five_tools(server: MemoryServer) -> None:
    environment = {"MEM9_API_URL": server.url, "MEM9_API_KEY": "k"}
    parameters = StdioServerParameters(command=sys.executable, args=["-m", "mnemos", "mcp"], env=environment)
    async with asyncio.timeout(30), stdio_client(parameters) as streams, ClientSession(*streams) as session:
        greeting = await session.initialize()
        tools = await session.list_tools()
        await session.send_ping()
        results = {name: await session.call_tool(name, arguments) for name, arguments in CALLS.items()}
        refused = await session.call_tool("memory_get", {"name": "x"})

    assert greeting.server_info.name == "mnemos"
    assert {tool.name for tool in tools.tools} == set(CALLS)
    assert all(json.loads(result.content[0].text)["ok"] for result in results.values())
    assert not any(result.is_error for result in results.values())
    assert refused.is_error
