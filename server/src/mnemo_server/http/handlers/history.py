"""Handlers of the history of memories."""

from __future__ import annotations

from aiohttp import web
from mnemos_contract.history import RestoreRequest

from mnemo_server.http.context import TenantCall
from mnemo_server.http.requests.idempotency import read_key
from mnemo_server.http.responses import idempotent_response, json_response
from mnemo_server.services.memories.history import HistoryService


class HistoryHandlers:
    """The routes for the history of a memory and its restoration."""

    def __init__(self, history: HistoryService) -> None:
        self._history = history

    async def get_history(self, call: TenantCall[None]) -> web.Response:
        """Return the history of a memory."""
        return json_response(await self._history.read(call.caller, call.path["memory_id"]))

    async def restore_memory(self, call: TenantCall[RestoreRequest]) -> web.Response:
        """Restore a memory."""
        memory_id = call.path["memory_id"]
        once = await read_key(call.request, call.caller, f"restore {memory_id.lower()}")
        return idempotent_response(await self._history.restore(call.caller, memory_id, call.sent, once))
