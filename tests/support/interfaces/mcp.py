"""Interfaces of MCP servers, driven by the official MCP client."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx2
import mcp
from anyio.from_thread import BlockingPortal
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CONNECTION_CLOSED

from tests.support.interfaces.interface import AGENT, Interface, JsonObject, ToolFailure

#: Seconds that a tool call over MCP may take; longer than any timeout of the client.
CALL_SECONDS = 30


class McpInterface:
    """The five tools of an MCP server, `mnemos mcp` or the server itself, through the official MCP client."""

    def __init__(self, client: mcp.Client, portal: BlockingPortal) -> None:
        self._client = client
        self._portal = portal

    def store(self, content: str, **fields: Any) -> JsonObject:
        """Call memory_store."""
        return self._data("memory_store", content=content, **fields)

    def search(self, q: str, **query: Any) -> JsonObject:
        """Call memory_search."""
        flat = {name: ",".join(value) if isinstance(value, list) else value for name, value in query.items()}
        return self.call("memory_search", q=q, **flat)

    def get(self, memory_id: str) -> JsonObject:
        """Call memory_get."""
        return self._data("memory_get", id=memory_id)

    def history(self, memory_id: str) -> list[JsonObject]:
        """Call memory_get with its history."""
        changes: list[JsonObject] = self._data("memory_get", id=memory_id, history=True)["history"]
        return changes

    def update(self, memory_id: str, **fields: Any) -> JsonObject:
        """Call memory_update."""
        return self._data("memory_update", id=memory_id, **fields)

    def delete(self, memory_id: str) -> None:
        """Call memory_delete."""
        self.call("memory_delete", id=memory_id)

    def call(self, tool: str, **arguments: Any) -> JsonObject:
        """Call a tool and return its JSON."""

        async def call() -> Any:
            return await self._client.call_tool(tool, arguments, read_timeout_seconds=CALL_SECONDS)

        result = self._portal.call(call)
        result_body: JsonObject = json.loads(result.content[0].text)
        assert result.is_error is not result_body["ok"]
        if not result_body["ok"]:
            raise ToolFailure(result_body["error"], result_body["code"], result_body.get("current"))
        return result_body

    def _data(self, tool: str, **arguments: Any) -> JsonObject:
        data: JsonObject = self.call(tool, **arguments)["data"]
        return data


class McpHttpInterface(McpInterface):
    """The server's own MCP through the official client, as in a host: a broken connection is opened again."""

    def __init__(self, url: str, api_key: str, portal: BlockingPortal) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {api_key}", "X-Mnemo-Agent-Id": AGENT}
        self._portal = portal
        self._connection = ExitStack()
        self._is_open = False

    def call(self, tool: str, **arguments: Any) -> JsonObject:
        """Call a tool and return its JSON. Only the client can report that the server is unreachable."""
        try:
            if not self._is_open:
                self._connect()
            return super().call(tool, **arguments)
        except mcp.MCPError as error:
            if error.code != CONNECTION_CLOSED:
                raise ToolFailure(str(error), error.data["code"]) from error
            raise self._unreachable(error) from error
        except ExceptionGroup as broken:  # while connecting
            raise self._unreachable(broken.exceptions[0]) from broken

    def close(self) -> None:
        """Close the connection, whatever its state."""
        self._is_open = False
        with suppress(ExceptionGroup):  # of a connection that broke
            self._connection.close()

    def _unreachable(self, error: Exception) -> ToolFailure:
        self.close()
        return ToolFailure(f"no answer from {self._url}: {error}", "server_unreachable")

    def _connect(self) -> None:
        http = httpx2.AsyncClient(headers=self._headers, timeout=CALL_SECONDS, trust_env=False)
        self._connection.enter_context(self._portal.wrap_async_context_manager(http))
        client = mcp.Client(streamable_http_client(self._url, http_client=http))
        self._client = self._connection.enter_context(self._portal.wrap_async_context_manager(client))
        self._is_open = True


@contextmanager
def open_mcp(url: str, api_key: str, portal: BlockingPortal) -> Iterator[Interface]:
    """Start `mnemos mcp` and connect to it."""
    settings = {"MEM9_API_URL": url, "MEM9_API_KEY": api_key, "MNEMOS_AGENT_ID": AGENT}
    program = StdioServerParameters(command=sys.executable, args=["-m", "mnemos", "mcp"], env=settings)
    with portal.wrap_async_context_manager(mcp.Client(program)) as client:
        yield McpInterface(client, portal)


@contextmanager
def open_mcp_http(url: str, api_key: str, portal: BlockingPortal) -> Iterator[Interface]:
    """Connect to the server's own MCP."""
    interface = McpHttpInterface(f"{url}/mcp", api_key, portal)
    try:
        yield interface
    finally:
        interface.close()
