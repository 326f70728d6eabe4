"""The ways into a server behind one interface: five tools in, JSON objects out, failures with a code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, Protocol

import httpx2
import mcp
from anyio.from_thread import BlockingPortal
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CONNECTION_CLOSED
from mnemos_contract.errors import MnemosError
from pydantic import BaseModel

from tests.support.rest import RestApi

#: Who writes, on every way.
AGENT = "contract-suite"
#: Seconds that a tool call over MCP may take; more than the client ever allows itself.
CALL_SECONDS = 30

JsonObject = dict[str, Any]


class ToolFailure(Exception):
    """A tool said no: a sentence for people, a code for programs, the current memory after a conflict."""

    def __init__(self, sentence: str, code: str, current: JsonObject | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.current = current


class WayIn(Protocol):
    """The five tools. Every method raises `ToolFailure` when the server or the way says no."""

    def store(self, content: str, **fields: Any) -> JsonObject:
        """Store a memory; return at least its id, outcome and version."""

    def search(self, q: str, **query: Any) -> JsonObject:
        """Return a page: memories, total, limit, offset."""

    def get(self, memory_id: str) -> JsonObject:
        """Return a memory."""

    def history(self, memory_id: str) -> list[JsonObject]:
        """Return what happened to a memory, the latest first."""

    def update(self, memory_id: str, **fields: Any) -> JsonObject:
        """Change a memory and return it."""

    def delete(self, memory_id: str) -> None:
        """Delete a memory."""


class RestWay:
    """Plain HTTP, either version of the API."""

    def __init__(self, api: RestApi) -> None:
        self._api = api

    def store(self, content: str, **fields: Any) -> JsonObject:
        """POST /memories."""
        return _stored(self._read(self._api.post({"content": content, **fields})))

    def search(self, q: str, **query: Any) -> JsonObject:
        """GET /memories?q=."""
        flat = {name: ",".join(value) if isinstance(value, list) else value for name, value in query.items()}
        return self._read(self._api.send("GET", "/memories", params={"q": q, **flat}))

    def get(self, memory_id: str) -> JsonObject:
        """GET /memories/{id}."""
        return self._read(self._api.get(memory_id))

    def history(self, memory_id: str) -> list[JsonObject]:
        """GET /memories/{id}/history."""
        changes: list[JsonObject] = self._read(self._api.send("GET", f"/memories/{memory_id}/history"))[
            "changes"
        ]
        return changes

    def update(self, memory_id: str, **fields: Any) -> JsonObject:
        """PUT /memories/{id}."""
        return self._read(self._api.put(memory_id, fields))

    def delete(self, memory_id: str) -> None:
        """DELETE /memories/{id}."""
        self._read(self._api.delete(memory_id))

    def _read(self, answer: Any) -> JsonObject:
        body: JsonObject = answer.json() if answer.content else {}
        if answer.is_error:
            raise ToolFailure(body["error"], body["code"], body.get("fields", {}).get("current"))
        return body


class SyncPython:
    """The blocking Python client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def store(self, content: str, **fields: Any) -> JsonObject:
        """Client.store_memory."""
        return _stored(self._call("store_memory", content=content, **fields))

    def search(self, q: str, **query: Any) -> JsonObject:
        """Client.list_memories."""
        return self._call("list_memories", q=q, **query)

    def get(self, memory_id: str) -> JsonObject:
        """Client.get_memory."""
        return self._call("get_memory", memory_id)

    def history(self, memory_id: str) -> list[JsonObject]:
        """Client.get_history."""
        changes: list[JsonObject] = self._call("get_history", memory_id)["changes"]
        return changes

    def update(self, memory_id: str, **fields: Any) -> JsonObject:
        """Client.update_memory."""
        return self._call("update_memory", memory_id, **fields)

    def delete(self, memory_id: str) -> None:
        """Client.delete_memory."""
        self._call("delete_memory", memory_id)

    def _call(self, method: str, *values: str, **fields: Any) -> JsonObject:
        try:
            return _to_json(self._run(getattr(self._client, method), *values, **fields))
        except MnemosError as error:
            current = getattr(error, "fields", {}).get("current")
            raise ToolFailure(str(error), error.code, current) from error

    def _run(self, method: Callable[..., Any], *values: str, **fields: Any) -> Any:
        return method(*values, **fields)


class AsyncPython(SyncPython):
    """The awaited Python client, on an event loop of its own."""

    def __init__(self, client: Any, portal: BlockingPortal) -> None:
        super().__init__(client)
        self._portal = portal

    def _run(self, method: Callable[..., Any], *values: str, **fields: Any) -> Any:
        async def call() -> Any:
            return await method(*values, **fields)

        return self._portal.call(call)


class McpWay:
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
        answer: JsonObject = json.loads(result.content[0].text)
        assert result.is_error is not answer["ok"]
        if not answer["ok"]:
            raise ToolFailure(answer["error"], answer["code"], answer.get("current"))
        return answer

    def _data(self, tool: str, **arguments: Any) -> JsonObject:
        data: JsonObject = self.call(tool, **arguments)["data"]
        return data


class McpHttpWay(McpWay):
    """The server's own MCP, through the official client as a host uses it: what broke off is opened anew."""

    def __init__(self, url: str, api_key: str, portal: BlockingPortal) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {api_key}", "X-Mnemo-Agent-Id": AGENT}
        self._portal = portal
        self._connection = ExitStack()
        self._is_open = False

    def call(self, tool: str, **arguments: Any) -> JsonObject:
        """Call a tool and return its JSON. That nobody answers is told by the client alone."""
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
        """Leave the connection, however it is."""
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


Opener = Callable[[str, str, BlockingPortal], AbstractContextManager[WayIn]]


@contextmanager
def _open_rest_v1alpha1(url: str, api_key: str, _portal: BlockingPortal) -> Iterator[WayIn]:
    with RestApi(url, api_key, "v1alpha1", **{"X-Mnemo-Agent-Id": AGENT}) as api:
        yield RestWay(api)


@contextmanager
def _open_rest_v1alpha2(url: str, api_key: str, _portal: BlockingPortal) -> Iterator[WayIn]:
    with RestApi(url, api_key, "v1alpha2", **{"X-Mnemo-Agent-Id": AGENT}) as api:
        yield RestWay(api)


@contextmanager
def _open_async_client(url: str, api_key: str, portal: BlockingPortal) -> Iterator[WayIn]:
    from mnemos import AsyncClient  # noqa: PLC0415 - names of the client load on first use

    with portal.wrap_async_context_manager(AsyncClient(url, api_key, agent_id=AGENT)) as client:
        yield AsyncPython(client, portal)


@contextmanager
def _open_sync_client(url: str, api_key: str, _portal: BlockingPortal) -> Iterator[WayIn]:
    from mnemos import Client  # noqa: PLC0415 - names of the client load on first use

    with Client(url, api_key, agent_id=AGENT) as client:
        yield SyncPython(client)


@contextmanager
def _open_mcp(url: str, api_key: str, portal: BlockingPortal) -> Iterator[WayIn]:
    settings = {"MEM9_API_URL": url, "MEM9_API_KEY": api_key, "MNEMOS_AGENT_ID": AGENT}
    program = StdioServerParameters(command=sys.executable, args=["-m", "mnemos", "mcp"], env=settings)
    with portal.wrap_async_context_manager(mcp.Client(program)) as client:
        yield McpWay(client, portal)


@contextmanager
def _open_mcp_http(url: str, api_key: str, portal: BlockingPortal) -> Iterator[WayIn]:
    way = McpHttpWay(f"{url}/mcp", api_key, portal)
    try:
        yield way
    finally:
        way.close()


#: Every way in, by the name that test ids show.
WAYS: Mapping[str, Opener] = {
    "rest-v1alpha1": _open_rest_v1alpha1,
    "rest-v1alpha2": _open_rest_v1alpha2,
    "python-async": _open_async_client,
    "python-sync": _open_sync_client,
    "mcp": _open_mcp,
    "mcp-http": _open_mcp_http,
}


class Ways:
    """Ways into one tenant of one server, each opened when it is first asked for."""

    def __init__(self, url: str, api_key: str, portal: BlockingPortal, stack: ExitStack) -> None:
        self._address = (url, api_key, portal)
        self._stack = stack
        self._open: dict[str, WayIn] = {}

    def __getitem__(self, name: str) -> WayIn:
        if name not in self._open:
            self._open[name] = self._stack.enter_context(WAYS[name](*self._address))
        return self._open[name]


def _stored(answer: JsonObject) -> JsonObject:
    """Give the memory of a store's answer, and the outcome beside its members."""
    memory: JsonObject = answer["memory"]
    return memory | {"outcome": answer["outcome"]}


def _to_json(answer: Any) -> JsonObject:
    return answer.model_dump(mode="json", exclude_none=True) if isinstance(answer, BaseModel) else {}
