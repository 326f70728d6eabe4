"""Handlers of usage: what models cost."""

from __future__ import annotations

from aiohttp import web

from mnemo_server.http.context import TenantCall
from mnemo_server.http.responses import json_response
from mnemo_server.services.budget.ledger import Budget


class UsageHandlers:
    """The route `/usage`."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    async def get_usage(self, call: TenantCall[None]) -> web.Response:
        """Return what models cost a tenant, and what they may still use today."""
        return json_response(await self._budget.describe(call.caller.tenant_id))
