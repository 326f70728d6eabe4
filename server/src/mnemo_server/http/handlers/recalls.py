"""Handlers of recalls."""

from __future__ import annotations

from aiohttp import web
from mnemos_contract.recalls import RecallQuery, RecallRequest

from mnemo_server.http.context import TenantCall
from mnemo_server.http.responses import json_response
from mnemo_server.services.recall.service import RecallService


class RecallHandlers:
    """The route `/recall`, and those below `/recalls`."""

    def __init__(self, recalls: RecallService) -> None:
        self._recalls = recalls

    async def recall(self, call: TenantCall[RecallRequest]) -> web.Response:
        """Return what a model is to be shown."""
        return json_response(await self._recalls.recall(call.caller, call.sent))

    async def list_recalls(self, call: TenantCall[RecallQuery]) -> web.Response:
        """List the tenant's recalls."""
        return json_response(await self._recalls.list_recalls(call.caller, call.sent))

    async def get_recall(self, call: TenantCall[None]) -> web.Response:
        """Return the record of a recall."""
        return json_response(await self._recalls.get(call.caller, call.path["recall_id"]))
