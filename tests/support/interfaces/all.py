"""Every interface to a server in one form: five tools in, JSON objects out, failures with a code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from anyio.from_thread import BlockingPortal
from mnemos_contract.errors import MnemosError
from pydantic import BaseModel

from tests.support.interfaces.interface import AGENT, Interface, JsonObject, ToolFailure
from tests.support.interfaces.mcp import McpInterface, open_mcp, open_mcp_http
from tests.support.interfaces.rest import RestApi

__all__ = ["AGENT", "INTERFACES", "Interface", "Interfaces", "JsonObject", "McpInterface", "ToolFailure"]


class RestInterface:
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

    def _read(self, response: Any) -> JsonObject:
        body: JsonObject = response.json() if response.content else {}
        if response.is_error:
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
    """The async Python client, on its own event loop."""

    def __init__(self, client: Any, portal: BlockingPortal) -> None:
        super().__init__(client)
        self._portal = portal

    def _run(self, method: Callable[..., Any], *values: str, **fields: Any) -> Any:
        async def call() -> Any:
            return await method(*values, **fields)

        return self._portal.call(call)


Opener = Callable[[str, str, BlockingPortal], AbstractContextManager[Interface]]


@contextmanager
def _open_rest_v1alpha1(url: str, api_key: str, _portal: BlockingPortal) -> Iterator[Interface]:
    with RestApi(url, api_key, "v1alpha1", **{"X-Mnemo-Agent-Id": AGENT}) as api:
        yield RestInterface(api)


@contextmanager
def _open_rest_v1alpha2(url: str, api_key: str, _portal: BlockingPortal) -> Iterator[Interface]:
    with RestApi(url, api_key, "v1alpha2", **{"X-Mnemo-Agent-Id": AGENT}) as api:
        yield RestInterface(api)


@contextmanager
def _open_async_client(url: str, api_key: str, portal: BlockingPortal) -> Iterator[Interface]:
    from mnemos import AsyncClient  # noqa: PLC0415 - names of the client load on first use

    with portal.wrap_async_context_manager(AsyncClient(url, api_key, agent_id=AGENT)) as client:
        yield AsyncPython(client, portal)


@contextmanager
def _open_sync_client(url: str, api_key: str, _portal: BlockingPortal) -> Iterator[Interface]:
    from mnemos import Client  # noqa: PLC0415 - names of the client load on first use

    with Client(url, api_key, agent_id=AGENT) as client:
        yield SyncPython(client)


#: Every interface, by the name that test ids show.
INTERFACES: Mapping[str, Opener] = {
    "rest-v1alpha1": _open_rest_v1alpha1,
    "rest-v1alpha2": _open_rest_v1alpha2,
    "python-async": _open_async_client,
    "python-sync": _open_sync_client,
    "mcp": open_mcp,
    "mcp-http": open_mcp_http,
}


class Interfaces:
    """The interfaces to one tenant of one server, each opened on first use."""

    def __init__(self, url: str, api_key: str, portal: BlockingPortal, stack: ExitStack) -> None:
        self._address = (url, api_key, portal)
        self._stack = stack
        self._open: dict[str, Interface] = {}

    def __getitem__(self, name: str) -> Interface:
        if name not in self._open:
            self._open[name] = self._stack.enter_context(INTERFACES[name](*self._address))
        return self._open[name]


def _stored(response: JsonObject) -> JsonObject:
    """Return the memory in the response to a store, with the outcome added to its members."""
    memory: JsonObject = response["memory"]
    return memory | {"outcome": response["outcome"]}


def _to_json(response: Any) -> JsonObject:
    return response.model_dump(mode="json", exclude_none=True) if isinstance(response, BaseModel) else {}
