"""Fixtures for the real hosts: a fresh home, a scripted model, and waiting for what reaches the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.claude.program import Claude
from tests.hosts.openclaw.fixtures import (
    claw_model,
    claw_notes,
    claw_server,
    gateway,
    gateway_model,
    make_openclaw,
)
from tests.hosts.opencode.fixtures import (
    folder,
    memory_server,
    notes,
    opencode,
    opencode_model,
    options,
    project,
    script,
    serving,
)
from tests.support.models.scripted_model import ScriptedModel, run_scripted_model
from tests.support.servers import RunningServer, mnemo_server, server_dsn

__all__ = ["folder", "memory_server", "mnemo_server", "notes", "opencode", "opencode_model", "project"]
__all__ += ["options", "script", "server_dsn", "serving"]
__all__ += ["claw_model", "claw_notes", "claw_server", "gateway", "gateway_model", "make_openclaw"]

#: Seconds until an effect must be visible that comes after the end of the host.
WAIT_SECONDS = 20


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    """A model without rules; tests add theirs."""
    with run_scripted_model() as running:
        yield running


@pytest.fixture
def memory(mnemo_server: RunningServer) -> Iterator[Client]:
    """A client of the server that the host uses."""
    with Client(mnemo_server.url, mnemo_server.api_key, agent_id="tester") as client:
        yield client


@pytest.fixture
def make_claude(tmp_path: Path, model: ScriptedModel, mnemo_server: RunningServer) -> Callable[[str], Claude]:
    """Create a Claude Code in a home of that name, with the address of the memory in its environment."""
    address = {"MEM9_API_URL": mnemo_server.url, "MEM9_API_KEY": mnemo_server.api_key}
    return lambda name: Claude(tmp_path / name, model.url, address)


@pytest.fixture
def claude(make_claude: Callable[[str], Claude]) -> Claude:
    """Claude Code in a fresh home."""
    return make_claude("home")


def wait_until(condition: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    """Wait until a condition is true; fail when it isn't in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it didn't happen in time"
        time.sleep(0.05)
