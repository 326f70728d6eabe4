"""Fixtures for OpenCode: one `opencode serve` for all tests; each test has its own project and memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.opencode.program import PLUGIN, OpenCode, Project, Serving
from tests.support.interfaces.rest import provision
from tests.support.models.scripted_model import ScriptedModel, run_scripted_model
from tests.support.servers import RunningServer, start_server


@pytest.fixture(scope="session")
def opencode_model() -> Iterator[ScriptedModel]:
    """The model of the one OpenCode; tests use `script` instead."""
    with run_scripted_model() as running:
        yield running


@pytest.fixture(scope="session")
def opencode(tmp_path_factory: pytest.TempPathFactory, opencode_model: ScriptedModel) -> OpenCode:
    """OpenCode in a fresh home, to which tests add projects."""
    return OpenCode(tmp_path_factory.mktemp("opencode"), opencode_model.url)


@pytest.fixture(scope="session")
def serving(opencode: OpenCode) -> Iterator[Serving]:
    """The one `opencode serve`."""
    with opencode.serve() as running:
        yield running


@pytest.fixture
def script(opencode_model: ScriptedModel) -> ScriptedModel:
    """The model of the one OpenCode, without rules and with an empty log."""
    opencode_model.rules = []
    opencode_model.requests.clear()
    return opencode_model


@pytest.fixture(scope="session")
def memory_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A memory server on SQLite; `tests/api` goes through OpenCode to the live database."""
    folder = tmp_path_factory.mktemp("memory")
    server = start_server(folder, f"sqlite:///{folder / 'memories.db'}", provision_per_hour="0")
    yield server
    server.stop()


@pytest.fixture
def options(memory_server: RunningServer) -> dict[str, str]:
    """Options of the plugin that name the test's own memory."""
    return make_options(memory_server)


def make_options(server: RunningServer) -> dict[str, str]:
    """Create an empty memory on a server and return the options that name it."""
    return {"url": server.url, "apiKey": provision(server.url)}


@pytest.fixture
def notes(options: dict[str, str]) -> Iterator[Client]:
    """Another client of the same memory."""
    with Client(options["url"], options["apiKey"], agent_id="tester") as client:
        yield client


@pytest.fixture
def folder(opencode: OpenCode, options: dict[str, str], tmp_path: Path) -> Path:
    """A project's folder, with the plugin and its options in it."""
    return opencode.add_project(tmp_path.name, [str(PLUGIN), options])


@pytest.fixture
def project(serving: Serving, folder: Path) -> Project:
    """That project, open in the one `opencode serve`."""
    return serving.open(folder)
