"""Fixtures for OpenClaw: one gateway and one memory for all tests, each of which has its own sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.openclaw.gateway import Gateway, run_gateway
from tests.hosts.openclaw.program import OpenClaw
from tests.support.models.scripted_model import ScriptedModel, run_scripted_model
from tests.support.servers import RunningServer, start_server


@pytest.fixture(scope="session")
def gateway_model() -> Iterator[ScriptedModel]:
    """The model of the one gateway; tests use `claw_model` instead."""
    with run_scripted_model() as running:
        yield running


@pytest.fixture(scope="session")
def claw_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A memory server on SQLite; `tests/api` goes through OpenClaw to the live database."""
    folder = tmp_path_factory.mktemp("memory")
    server = start_server(folder, f"sqlite:///{folder / 'memories.db'}", provision_per_hour="0")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, gateway_model: ScriptedModel, claw_server: RunningServer
) -> Iterator[Gateway]:
    """The one gateway. The plugin's settings name the memory."""
    settings = {"url": claw_server.url, "apiKey": claw_server.api_key}
    with run_gateway(OpenClaw(tmp_path_factory.mktemp("openclaw"), gateway_model.url, settings)) as running:
        yield running


@pytest.fixture
def claw_model(gateway_model: ScriptedModel) -> ScriptedModel:
    """The model of the one gateway, without rules and with an empty log."""
    gateway_model.rules = []
    gateway_model.requests.clear()
    return gateway_model


@pytest.fixture
def claw_notes(claw_server: RunningServer) -> Iterator[Client]:
    """Another client of the same memory, which is emptied first."""
    with Client(claw_server.url, claw_server.api_key, agent_id="tester") as client:
        while memories := client.list_memories(limit=200).memories:
            client.delete_memories(ids=[memory.id for memory in memories])
        yield client


@pytest.fixture
def make_openclaw(
    tmp_path: Path, model: ScriptedModel, claw_server: RunningServer
) -> Callable[..., OpenClaw]:
    """Create an OpenClaw in its own home; settings are added to the plugin's address of the memory."""
    settings = {"url": claw_server.url, "apiKey": claw_server.api_key}
    return lambda **changes: OpenClaw(tmp_path / "home", model.url, settings | changes)
