"""Every test gets a database of its own, once per engine, and starts the servers it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.engines import ENGINES, empty_database
from tests.support.servers import RunningServer, start_server

Start = Callable[..., RunningServer]


@pytest.fixture(params=ENGINES)
def dsn(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    with empty_database(request.param, request, tmp_path) as dsn:
        yield dsn


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers; what still runs at the end is stopped."""
    with ExitStack() as stack:

        def start(dsn: str, **settings: str) -> RunningServer:
            server = start_server(tmp_path / "server", dsn, **settings)
            stack.callback(server.kill)
            return server

        yield start
