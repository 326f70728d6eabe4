"""Every test has its own database, once per engine, and starts the servers it needs.

Tests that only search share servers, each with its own tenants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.databases.engines import ENGINES, empty_database
from tests.support.servers import RunningServer, start_server

Start = Callable[..., RunningServer]


@pytest.fixture(params=ENGINES)
def dsn(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    with empty_database(request.param, request, tmp_path) as dsn:
        yield dsn


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers; those that still run at the end are stopped."""
    with ExitStack() as stack:

        def start(dsn: str, **settings: str) -> RunningServer:
            server = start_server(tmp_path / "server", dsn, **settings)
            stack.callback(server.kill)
            return server

        yield start


@pytest.fixture(scope="session", params=ENGINES)
def shared_dsn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One database for all tests of a module."""
    with empty_database(request.param, request, tmp_path_factory.mktemp("shared")) as dsn:
        yield dsn


@pytest.fixture(scope="session", params=["none", "local"])
def embedder(request: pytest.FixtureRequest) -> str:
    """Without a model only words match; the one that comes with the server understands English."""
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="session")
def shared_server(
    shared_dsn: str, embedder: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server with a model or without."""
    server = start_server(
        tmp_path_factory.mktemp("shared"), shared_dsn, embedder=embedder, provision_per_hour="0"
    )
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log_path.read_text()
