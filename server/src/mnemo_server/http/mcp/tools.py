"""Runs the five tools on the services, as the handlers of their routes do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from mnemos_contract.base import WireModel
from mnemos_contract.history import History
from mnemos_contract.listing import ListQuery
from mnemos_contract.mcp.calls import ToolCall
from mnemos_contract.mcp.protocol import compact_json
from mnemos_contract.memories import Memory, MemoryPage
from mnemos_contract.validation import explain
from mnemos_contract.writing import StoreRequest, StoreResponse, UpdateRequest
from pydantic import ValidationError

from mnemo_server.domain.idempotency import IdempotentRequest
from mnemo_server.services.caller import Caller
from mnemo_server.services.memories.history import HistoryService
from mnemo_server.services.memories.service import MemoryService
from mnemo_server.services.search.service import SearchService

Model = TypeVar("Model", bound=WireModel)
_Run = Callable[[Caller, ToolCall, IdempotentRequest | None], Awaitable[Any]]


class McpTools:
    """Runs each tool call as the API request that it maps to."""

    def __init__(self, memories: MemoryService, search: SearchService, history: HistoryService) -> None:
        self._memories = memories
        self._search = search
        self._history = history
        self._runs: Final[dict[str, _Run]] = {
            "store_memory": self._store,
            "list_memories": self._list,
            "get_memory": self._get,
            "get_history": self._read_history,
            "update_memory": self._update,
            "delete_memory": self._delete,
        }

    async def run(self, caller: Caller, call: ToolCall, once: IdempotentRequest | None) -> WireModel | None:
        """Return the response of the call's route.

        Raises:
            ApiError: the fields don't fit the route, or any error of the route.
            DatabaseError: the database isn't available now.
        """
        response: WireModel | None = await self._runs[call.route.name](caller, call, once)
        return response

    async def _store(self, caller: Caller, call: ToolCall, once: IdempotentRequest | None) -> StoreResponse:
        return (await self._memories.store(caller, _read(StoreRequest, call), once)).model

    async def _list(self, caller: Caller, call: ToolCall, _once: IdempotentRequest | None) -> MemoryPage:
        return await self._search.find(caller, _read(ListQuery, call))

    async def _get(self, caller: Caller, call: ToolCall, _once: IdempotentRequest | None) -> Memory:
        return await self._memories.get(caller, call.memory_id or "")

    async def _read_history(self, caller: Caller, call: ToolCall, _once: IdempotentRequest | None) -> History:
        return await self._history.read(caller, call.memory_id or "")

    async def _update(self, caller: Caller, call: ToolCall, _once: IdempotentRequest | None) -> Memory:
        sent = _read(UpdateRequest, call)
        return await self._memories.update(caller, call.memory_id or "", sent, sent.expected_version)

    async def _delete(self, caller: Caller, call: ToolCall, _once: IdempotentRequest | None) -> None:
        await self._memories.delete(caller, call.memory_id or "")


def _read(model: type[Model], call: ToolCall) -> Model:
    """Read the fields as a request body is read, with the same parser and limits."""
    try:
        return model.model_validate_json(compact_json(call.fields))
    except ValidationError as error:
        raise explain(error) from None
