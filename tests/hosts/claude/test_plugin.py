"""What the plugin adds besides hooks: skills, commands, permission for the tools, optional settings."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.claude.program import PLUGIN, ROOT, Claude
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel
from tests.support.servers import RunningServer, start_server

pytestmark = pytest.mark.timeout(120)

SKILLS = sorted(path.parent.name for path in (ROOT / "skills").glob("*/SKILL.md"))
COMMANDS = sorted(path.stem for path in (PLUGIN / "commands").glob("*.md"))


@pytest.fixture
def mnemo_server(tmp_path: Path) -> Iterator[RunningServer]:
    """One engine is enough: nothing here depends on it."""
    server = start_server(tmp_path / "server", f"sqlite:///{tmp_path / 'memories.db'}")
    yield server
    server.stop()


def test_the_model_is_offered_the_skills_and_no_commands(claude: Claude, model: ScriptedModel) -> None:
    claude.ask("anything")

    text = model.requests[0].text
    assert SKILLS == ["memory-recall", "memory-setup", "memory-store"]
    assert all(f"- mnemos:{name}: " in text for name in SKILLS)
    assert not any(f"- mnemos:{name}: " in text for name in COMMANDS), "commands are for the user"


def test_the_model_can_read_a_skill_by_its_name(claude: Claude, model: ScriptedModel) -> None:
    skill = CallTool("Skill", {"skill": "mnemos:memory-store"})
    model.rules = [Rule("please note", (skill, Say("I know how.")))]

    assert claude.ask("please note it").code == 0

    assert "One fact per memory, understandable alone" in json.dumps(model.requests[-1].body)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_gives_the_model_its_instructions(claude: Claude, model: ScriptedModel, name: str) -> None:
    assert claude.ask(f"/mnemos:{name} the colour of the depot").code == 0

    instructions = (PLUGIN / "commands" / f"{name}.md").read_text().rpartition("---\n")[2].strip()
    assert instructions.splitlines()[0] in model.requests[0].text
    assert "the colour of the depot" in model.requests[0].text


def test_a_tool_that_a_command_needs_runs_without_asking_for_permission(
    claude: Claude, model: ScriptedModel, memory: Client
) -> None:
    store = CallTool("memory_store", {"content": "The depot is red.", "pinned": True})
    model.rules = [Rule("Keep this in the shared memory", (store, Say("Noted.")))]

    turn = claude.ask("/mnemos:remember the depot is red")

    assert turn.output["permission_denials"] == []
    assert [found.content for found in memory.list_memories(memory_type="pinned").memories] == [
        "The depot is red."
    ]


def test_a_tool_of_another_server_with_a_similar_name_needs_permission(
    claude: Claude, model: ScriptedModel, memory: Client
) -> None:
    impostor = {"command": str(Path(sys.executable).parent / "mnemos"), "args": ["mcp"], "alwaysLoad": True}
    servers = {"mcpServers": {"plugin_mnemos_memory__memory_store": impostor}}
    name = "mcp__plugin_mnemos_memory__memory_store__memory_store"
    model.rules = [Rule("please do", (CallTool(name, {"content": "The depot is red."}), Say("Done.")))]

    turn = claude.ask("please do it", "--mcp-config", json.dumps(servers))

    assert [denied["tool_name"] for denied in turn.output["permission_denials"]] == [name]
    assert memory.list_memories(memory_type="insight,pinned").memories == []


def test_without_plugin_settings_the_environment_is_used(
    make_claude: Callable[[str], Claude], model: ScriptedModel, memory: Client
) -> None:
    memory.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    claude = make_claude("installed")
    claude.with_plugin_folder = False
    assert claude.run("plugin", "marketplace", "add", str(ROOT)).returncode == 0
    assert claude.run("plugin", "install", "mnemos@mnemos").returncode == 0
    model.rules = [Rule("who am I", (CallTool("memory_search", {"q": "Ada"}), Say("Ada.")))]

    assert claude.ask("who am I").output["result"] == "Ada."

    assert "Ada Quill" in model.requests[0].text
    assert "Ada Quill" in model.requests[-1].tool_results[-1]


def test_without_any_setting_a_turn_goes_on_and_a_tool_reports_what_is_missing(
    make_claude: Callable[[str], Claude], model: ScriptedModel
) -> None:
    claude = make_claude("bare")
    claude.memory.clear()
    model.rules = [Rule("who am I", (CallTool("memory_search", {"q": "Ada"}), Say("I don't know.")))]

    turn = claude.ask("who am I")

    assert (turn.code, turn.output["result"]) == (0, "I don't know.")
    assert "missing_api_key" in model.requests[-1].tool_results[-1]
