"""Nothing that OpenCode started through the plugin outlives it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.conftest import wait_until
from tests.hosts.opencode.program import PLUGIN, OpenCode
from tests.support.marked import find_marked
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def alone(tmp_path: Path, script: ScriptedModel) -> OpenCode:
    """OpenCode in its own home, which identifies its processes."""
    script.rules = [
        Rule("anything", (CallTool("memory_store", {"content": "The mast is oak."}), Say("Stored.")))
    ]
    return OpenCode(tmp_path, script.url)


def test_no_process_is_left_after_a_program_ended(
    alone: OpenCode, options: dict[str, str], notes: Client
) -> None:
    folder = alone.add_project("project", [str(PLUGIN), options])

    assert "Stored." in alone.ask(folder, "anything").stdout

    wait_until_gone(alone)
    assert notes.list_memories(q="mast").memories


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["asked to end", "killed"])
def test_no_process_is_left_after_a_server_was_stopped(
    alone: OpenCode, options: dict[str, str], number: signal.Signals
) -> None:
    folder = alone.add_project("project", [str(PLUGIN), options])
    with alone.serve() as serving:
        project = serving.open(folder)
        assert project.ask(project.create_session(), "anything") == "Stored."
        assert len(list_servers(alone)) == 1

        serving.process.send_signal(number)
        serving.process.wait(10)

        wait_until_gone(alone)


def test_projects_of_a_server_share_one_process(alone: OpenCode, options: dict[str, str]) -> None:
    folders = [alone.add_project(name, [str(PLUGIN), options]) for name in ("first", "second")]
    with alone.serve() as serving:
        for folder in folders:
            project = serving.open(folder)
            assert project.ask(project.create_session(), "anything") == "Stored."
        servers = list_servers(alone)
        assert len(servers) == 1

        serving.open(folders[0]).send("POST", "/instance/dispose")
        project = serving.open(folders[1])
        assert project.ask(project.create_session(), "anything") == "Stored."
        assert list_servers(alone) == servers

        project.send("POST", "/instance/dispose")
        wait_until(lambda: not list_servers(alone))


def list_servers(alone: OpenCode) -> list[int]:
    """Return the processes that serve tools."""
    return [pid for pid, command in find_marked(str(alone.home)).items() if "mnemos mcp" in command]


def wait_until_gone(alone: OpenCode) -> None:
    """Wait until no process with the mark of this home is left, at most a second."""
    wait_until(lambda: not find_marked(str(alone.home)), seconds=1)
