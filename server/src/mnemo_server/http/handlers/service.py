"""Handlers about the server itself."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Final, Protocol

from aiohttp import web
from mnemos_contract.errors import AccessDenied
from mnemos_contract.service import Health, Readiness, Version
from pydantic import SecretStr

from mnemo_server.domain.clock import Clock, to_datetime
from mnemo_server.http.context import CLIENT_ADDRESS, Call
from mnemo_server.http.handlers.tenants import bears_token
from mnemo_server.http.requests.client_address import is_loopback
from mnemo_server.http.responses import json_response
from mnemo_server.observability.metrics import Metrics

#: The version of this package.
VERSION: Final = metadata.version("mnemo-server")
#: The OpenAPI description, generated from the contract.
_OPENAPI: Final = Path(__file__).parents[1] / "openapi.json"


class Pingable(Protocol):
    """The part of the database that readiness needs."""

    @property
    def engine(self) -> str:
        """The name of the engine."""

    async def ping(self) -> None:
        """Raise DatabaseError unless the database responds."""


class ServiceHandlers:
    """Liveness, readiness, version, metrics, and the OpenAPI description."""

    def __init__(
        self, database: Pingable, metrics: Metrics, clock: Clock, admin_key: SecretStr | None
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._admin_key = admin_key
        self._started_at = to_datetime(clock())

    def bind(self, app: web.Application) -> None:
        """Add the routes that aren't part of the contract."""
        app.router.add_get("/metrics", self._get_metrics)
        app.router.add_get("/openapi.json", self._get_openapi)

    async def get_health(self, _call: Call[None]) -> web.Response:
        """Report that the process responds."""
        return json_response(Health(status="ok"))

    async def get_readiness(self, _call: Call[None]) -> web.Response:
        """Report that the database responds too."""
        await self._database.ping()
        return json_response(Readiness(status="ready", database=self._database.engine))

    async def get_version(self, _call: Call[None]) -> web.Response:
        """Return the version of the server and when it started."""
        return json_response(Version(version=VERSION, started_at=self._started_at))

    async def _get_metrics(self, request: web.Request) -> web.Response:
        """Return the metrics to clients on this machine, and to others with the admin key."""
        is_admin = self._admin_key is not None and bears_token(request, self._admin_key)
        if not is_admin and not is_loopback(request[CLIENT_ADDRESS]):
            raise AccessDenied(reason="/metrics is only for this machine, or with the admin key")
        return web.Response(body=self._metrics.render(), content_type="text/plain", charset="utf-8")

    async def _get_openapi(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(_OPENAPI, headers={"Content-Type": "application/json"})
