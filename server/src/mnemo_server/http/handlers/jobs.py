"""Handlers of jobs."""

from __future__ import annotations

from aiohttp import web
from mnemos_contract.jobs import JobQuery

from mnemo_server.http.context import TenantCall
from mnemo_server.http.responses import json_response
from mnemo_server.services.jobs.status import JobService


class JobHandlers:
    """The routes below `/jobs`."""

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def list_jobs(self, call: TenantCall[JobQuery]) -> web.Response:
        """List the tenant's jobs."""
        return json_response(await self._jobs.list_jobs(call.caller, call.sent))

    async def get_job(self, call: TenantCall[None]) -> web.Response:
        """Return a job."""
        return json_response(await self._jobs.get(call.caller, call.path["job_id"]))
