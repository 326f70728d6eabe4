"""Handlers of redaction sweeps."""

from __future__ import annotations

from aiohttp import web
from mnemos_contract.jobs import RedactRequest

from mnemo_server.http.context import TenantCall
from mnemo_server.http.responses import json_response
from mnemo_server.services.redaction.sweep import RedactionSweep


class RedactionHandlers:
    """The route `/redactions`."""

    def __init__(self, sweep: RedactionSweep) -> None:
        self._sweep = sweep

    async def redact_stored(self, call: TenantCall[RedactRequest]) -> web.Response:
        """Request a sweep and return its job."""
        return json_response(await self._sweep.ask(call.caller, call.sent), 202)
