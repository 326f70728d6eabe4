"""One live server per database for the whole suite; every test uses its own markers or its own tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.support.databases.engines import ENGINES, empty_database
from tests.support.interfaces.all import INTERFACES, Interface, Interfaces
from tests.support.interfaces.rest import RestApi, provision
from tests.support.servers import RunningServer, start_server


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """An event loop on a thread of its own, for the async interfaces."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="session", params=ENGINES)
def dsn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The suite's database, once per engine."""
    folder = tmp_path_factory.mktemp("database")
    with empty_database(request.param, request, folder) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def keys() -> list[str]:
    """Every key that the tests use; no log may contain one."""
    return []


@pytest.fixture(scope="session")
def server(dsn: str, keys: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The server of the suite. Its log is checked after it has stopped."""
    server = start_server(tmp_path_factory.mktemp("server"), dsn, provision_per_hour="0", log_level="debug")
    keys.append(server.api_key)
    yield server
    assert server.stop() == 0
    check_log(server.log_path, keys)


@pytest.fixture(scope="session")
def second_server(
    server: RunningServer, dsn: str, keys: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Another server on the same database."""
    second = start_server(tmp_path_factory.mktemp("second"), dsn, api_key=server.api_key)
    yield second
    assert second.stop() == 0
    check_log(second.log_path, keys)


def check_log(path: Path, keys: list[str]) -> None:
    """Check that a log contains no key, and no traceback: every error was expected."""
    log = path.read_text(encoding="utf-8")
    assert [key for key in keys if key in log] == []
    assert "Traceback" not in log


@pytest.fixture(scope="session")
def ways(server: RunningServer, portal: BlockingPortal) -> Iterator[Interfaces]:
    """Every interface to the server's first tenant."""
    with ExitStack() as stack:
        yield Interfaces(server.url, server.api_key, portal, stack)


@pytest.fixture(params=INTERFACES)
def way(request: pytest.FixtureRequest, ways: Interfaces) -> Interface:
    """One interface; a test runs once for each."""
    return ways[request.param]


@pytest.fixture
def new_key(server: RunningServer, keys: list[str]) -> Callable[[], str]:
    """Creates a tenant and returns its key."""

    def make() -> str:
        keys.append(provision(server.url))
        return keys[-1]

    return make


@pytest.fixture
def api(server: RunningServer, new_key: Callable[[], str]) -> Iterator[RestApi]:
    """REST v1alpha2 as a tenant with an empty memory."""
    with RestApi(server.url, new_key()) as api:
        yield api


@pytest.fixture
def old_api(server: RunningServer, api: RestApi) -> Iterator[RestApi]:
    """REST v1alpha1 as the same tenant."""
    with RestApi(server.url, api.api_key, "v1alpha1") as old:
        yield old
