"""The whole application in this process, on a new SQLite file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient
from mnemo_server.app import create_app, open_services
from mnemo_server.domain.clock import Clock, system_clock
from mnemo_server.embedding.ports import Embedder
from mnemo_server.settings import Settings
from mnemo_server.wiring import Services
from pytest_aiohttp.plugin import AiohttpClient


class App:
    """The application: a client, its services, and a key."""

    def __init__(self, client: TestClient, services: Services, api_key: str) -> None:
        self.client = client
        self.services = services
        self.api_key = api_key

    async def call(self, method: str, path: str, **options):
        """Send a request with the key; return (status, JSON or None, headers)."""
        headers = {"X-API-Key": self.api_key, **options.pop("headers", {})}
        async with self.client.request(method, path, headers=headers, **options) as response:
            text = await response.text()
            return response.status, (await response.json() if text else None), response.headers


@pytest.fixture
async def open_app(
    tmp_path: Path, aiohttp_client: AiohttpClient
) -> AsyncIterator[Callable[..., Awaitable[App]]]:
    """Return a function that opens the application with settings."""
    async with AsyncExitStack() as stack:

        async def open_with(
            embedder: Embedder | None = None,
            *,
            embedder_kind: str = "none",
            clock: Clock = system_clock,
            **settings: object,
        ) -> App:
            defaults = {"dsn": f"sqlite:///{tmp_path / 'memories.db'}", "embedder": embedder_kind}
            all_settings = Settings(**defaults | settings)  # type: ignore[arg-type]
            services = await stack.enter_async_context(open_services(all_settings, clock, embedder))
            client = await aiohttp_client(create_app(services, all_settings))
            stack.push_async_callback(client.close)  # closed before the services that it uses
            return App(client, services, await services.tenants.provision("test"))

        yield open_with


@pytest.fixture
async def app(open_app: Callable[..., Awaitable[App]]) -> App:
    return await open_app()
