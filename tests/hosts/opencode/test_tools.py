"""What of the tools differs in OpenCode; `test_five_tools.py` asks for all the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mnemos import Client

from tests.hosts.opencode.fixtures import make_options
from tests.hosts.opencode.program import PLUGIN, OpenCode, Project, Serving
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel
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


def test_what_the_model_fills_with_null_is_left_out(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    nothing = dict.fromkeys(("tags", "source", "metadata", "pinned", "project", "subject", "replaces"))

    answer = call_tool(project, script, "memory_store", content="The keel is iron.", **nothing)

    assert notes.get_memory(answer["data"]["id"]).content == "The keel is iron."


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
