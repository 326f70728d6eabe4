"""All tests of the five tools in `tests/api`, called by the models of real hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mnemos_contract import TOOLS

from tests.api.test_tools import *  # noqa: F403 - the tests themselves
from tests.hosts.ways import HostWay, open_claude
from tests.hosts.ways_openclaw import open_openclaw
from tests.hosts.ways_opencode import open_opencode
from tests.support.databases.engines import LIVE, empty_database
from tests.support.interfaces.rest import make_mark
from tests.support.models.scripted_model import ScriptedModel, run_scripted_model
from tests.support.servers import RunningServer, start_server

OPENERS = {"claude": open_claude, "opencode": open_opencode, "openclaw": open_openclaw}
#: The first test of a host also starts it.
pytestmark = pytest.mark.timeout(180)
#: What a host doesn't pass on to its model, whatever its settings.
LEFT_OUT = {
    "test_fifty_thousand_bytes_fit_exactly[openclaw-three]": (
        "OpenClaw cuts results of more than 64,000 characters, and counts one of these as four"
    )
}


@pytest.fixture(autouse=True)
def leave_out(request: pytest.FixtureRequest) -> None:
    """Skip what a host can't do."""
    if reason := LEFT_OUT.get(request.node.name):
        pytest.skip(reason)


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
def told(request: pytest.FixtureRequest) -> Iterator[tuple[str, ScriptedModel]]:
    """The name of a host, and its model."""
    with run_scripted_model() as running:
        yield request.param, running


@pytest.fixture(scope="module")
def way(
    told: tuple[str, ScriptedModel], shared_server: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HostWay]:
    """That host in one turn."""
    host, model = told
    home = tmp_path_factory.mktemp(host)
    with OPENERS[host](home, model, shared_server.url, shared_server.api_key) as opened:
        yield opened


def test_the_model_receives_the_five_tools_as_in_the_contract(
    way: HostWay, told: tuple[str, ScriptedModel]
) -> None:
    way.search("anything")

    for tool in TOOLS:
        [given] = [one for one in told[1].requests[-1].tools if one["name"].endswith(tool.name)]
        assert given["description"] == tool.description
        assert given.get("parameters", given.get("input_schema")) == tool.input_schema


def test_arguments_and_results_that_only_the_tools_have_reach_the_model(way: HostWay) -> None:
    stored = way.call("memory_store", content=f"Word for word {make_mark()}", pinned=True)["data"]

    assert way.get(stored["id"])["memory_type"] == "pinned"
    assert f"mnemos restore {stored['id']}" in way.call("memory_delete", id=stored["id"])["undo"]
