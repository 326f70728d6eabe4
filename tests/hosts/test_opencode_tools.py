"""OpenCode's model calls each of the five tools; what it is told back is asserted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mnemos import Client, MemoryNotFound

from tests.hosts.opencode import PLUGIN, OpenCode, Project, Serving
from tests.hosts.opencode_fixtures import make_options
from tests.support.scripted_model import CallTool, Rule, Say, ScriptedModel
from tests.support.servers import RunningServer

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def options(memory_server: RunningServer) -> dict[str, str]:
    """One memory for these tests, in each of which the model looks for something else."""
    return make_options(memory_server)


@pytest.fixture(scope="module")
def project(opencode: OpenCode, serving: Serving, options: dict[str, str]) -> Project:
    """One project, so that one `mnemos mcp` answers all calls."""
    return serving.open(opencode.add_project("tools", [str(PLUGIN), options]))


def call_tool(project: Project, script: ScriptedModel, name: str, /, **arguments: Any) -> dict[str, Any]:
    """Let the model call one tool and give what it was answered."""
    script.rules = [Rule("please do", (CallTool(name, arguments), Say("done")))]
    assert project.ask(project.create_session(), "please do it now") == "done"
    answer: dict[str, Any] = json.loads(script.requests[-1].tool_results[-1])
    return answer


def test_the_model_is_given_the_contract_s_five_tools(project: Project, script: ScriptedModel) -> None:
    project.ask(project.create_session(), "hello")

    given = {tool["function"]["name"]: tool["function"] for tool in script.requests[0].body["tools"]}
    for tool in json.loads((PLUGIN / "tools.json").read_text()):
        assert given[tool["name"]]["description"] == tool["description"]
        assert given[tool["name"]]["parameters"] == tool["input_schema"]


def test_memory_store_tells_the_model_the_id_at_once(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    answer = call_tool(project, script, "memory_store", content="The mast is oak.")

    assert answer["ok"] is True
    assert answer["data"]["outcome"] == "created"
    stored = notes.get_memory(answer["data"]["id"])
    assert (stored.content, stored.agent_id) == ("The mast is oak.", "opencode")


def test_what_the_model_fills_with_null_is_left_out(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    nothing = dict.fromkeys(("tags", "source", "metadata", "pinned", "project", "subject", "replaces"))

    answer = call_tool(project, script, "memory_store", content="The keel is iron.", **nothing)

    assert notes.get_memory(answer["data"]["id"]).content == "The keel is iron."


def test_memory_search_gives_the_model_what_is_stored(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    stored = notes.store_memory(content="Error QX-77 means that the valve is stuck.", tags=["valve"])

    answer = call_tool(project, script, "memory_search", q="QX-77")

    assert answer["memories"][0]["id"] == stored.id
    assert answer["memories"][0]["content"] == "Error QX-77 means that the valve is stuck."


def test_memory_get_gives_the_model_one_memory(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    stored = notes.store_memory(content="Lunch is at noon.")

    answer = call_tool(project, script, "memory_get", id=stored.id)

    assert answer["data"]["content"] == "Lunch is at noon."


def test_memory_update_changes_what_the_model_says(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    stored = notes.store_memory(content="Dinner is at six.", tags=["day"])

    answer = call_tool(project, script, "memory_update", id=stored.id, content="Dinner is at seven.")

    assert answer["data"]["version"] == 2
    changed = notes.get_memory(stored.id or "")
    assert (changed.content, changed.tags) == ("Dinner is at seven.", ["day"])


def test_memory_delete_removes_it_and_says_how_to_undo(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    stored = notes.store_memory(content="Tea is at four.")

    answer = call_tool(project, script, "memory_delete", id=stored.id)

    assert answer["ok"] is True
    assert "kept" in answer["undo"]
    with pytest.raises(MemoryNotFound):
        notes.get_memory(stored.id or "")


def test_an_unknown_id_is_told_in_a_sentence(project: Project, script: ScriptedModel) -> None:
    answer = call_tool(project, script, "memory_get", id="nosuchmemory0")

    assert answer == {"ok": False, "error": "memory not found", "code": "memory_not_found"}


def test_a_conflict_shows_the_model_what_stands_there(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    stored = notes.store_memory(content="Breakfast is at eight.")
    notes.update_memory(stored.id or "", content="Breakfast is at nine.")

    answer = call_tool(project, script, "memory_update", id=stored.id, content="x", expected_version=1)

    assert (answer["ok"], answer["code"]) == (False, "version_conflict")
    assert answer["current"]["content"] == "Breakfast is at nine."


def test_bad_input_is_told_with_the_name_of_the_argument(project: Project, script: ScriptedModel) -> None:
    answer = call_tool(project, script, "memory_search", q="x", limit="many")

    assert answer["ok"] is False
    assert "limit" in answer["error"]


def test_a_server_that_is_gone_is_told_to_the_model(
    opencode: OpenCode, serving: Serving, script: ScriptedModel, tmp_path: Path
) -> None:
    plugin = [str(PLUGIN), {"url": "http://127.0.0.1:9", "apiKey": "made-up"}]
    project = serving.open(opencode.add_project(tmp_path.name, plugin))

    answer = call_tool(project, script, "memory_search", q="x")

    assert (answer["ok"], answer["code"]) == (False, "server_unreachable")


def test_a_missing_mnemos_is_told_to_the_model_and_the_turn_goes_on(
    opencode: OpenCode, serving: Serving, script: ScriptedModel, tmp_path: Path
) -> None:
    plugin = [str(PLUGIN), {"command": str(tmp_path / "no-mnemos")}]
    project = serving.open(opencode.add_project(tmp_path.name, plugin))

    answer = call_tool(project, script, "memory_search", q="x")

    assert (answer["ok"], answer["code"]) == (False, "client_missing")
    assert "Install mnemos-client" in answer["error"]
