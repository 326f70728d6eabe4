"""Everything the contract suite asks of the five tools, asked by the models of real hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.test_tools import *  # noqa: F403 - the tests themselves
from tests.hosts.ways import HostWay, open_claude
from tests.support.engines import LIVE, empty_database
from tests.support.scripted_model import run_scripted_model
from tests.support.servers import RunningServer, start_server

OPENERS = {"claude": open_claude}
#: The first test of a host starts it.
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def shared_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """One server on the live database for all hosts."""
    folder = tmp_path_factory.mktemp("shared")
    with empty_database(LIVE, request, folder) as dsn:
        server = start_server(folder, dsn)
        yield server
        assert server.stop() == 0


@pytest.fixture(scope="module", params=OPENERS)
def way(
    request: pytest.FixtureRequest, shared_server: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HostWay]:
    """One host in one turn."""
    home = tmp_path_factory.mktemp(request.param)
    with (
        run_scripted_model() as model,
        OPENERS[request.param](home, model, shared_server.url, shared_server.api_key) as opened,
    ):
        yield opened
