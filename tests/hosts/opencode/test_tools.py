"""What is different about the tools in OpenCode; `test_five_tools.py` has all the rest."""

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
    """One memory for these tests, in which each model searches for something else."""
    return make_options(memory_server)


@pytest.fixture(scope="module")
def project(opencode: OpenCode, serving: Serving, options: dict[str, str]) -> Project:
    """One project, so that one `mnemos mcp` serves all calls."""
    return serving.open(opencode.add_project("tools", [str(PLUGIN), options]))


def call_tool(project: Project, script: ScriptedModel, name: str, /, **arguments: Any) -> dict[str, Any]:
    """Make the model call one tool and return the result."""
    script.rules = [Rule("please do", (CallTool(name, arguments), Say("done")))]
    assert project.ask(project.create_session(), "please do it now") == "done"
    answer: dict[str, Any] = json.loads(script.requests[-1].tool_results[-1])
    return answer


def test_arguments_that_the_model_sets_to_null_are_omitted(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    nothing = dict.fromkeys(("tags", "source", "metadata", "pinned", "project", "subject", "replaces"))

    answer = call_tool(project, script, "memory_store", content="The keel is iron.", **nothing)

    assert notes.get_memory(answer["data"]["id"]).content == "The keel is iron."


def test_the_model_sees_that_the_server_is_gone(
    opencode: OpenCode, serving: Serving, script: ScriptedModel, tmp_path: Path
) -> None:
    plugin = [str(PLUGIN), {"url": "http://127.0.0.1:9", "apiKey": "made-up"}]
    project = serving.open(opencode.add_project(tmp_path.name, plugin))

    answer = call_tool(project, script, "memory_search", q="x")

    assert (answer["ok"], answer["code"]) == (False, "server_unreachable")


def test_the_model_sees_that_mnemos_is_missing_and_the_turn_goes_on(
    opencode: OpenCode, serving: Serving, script: ScriptedModel, tmp_path: Path
) -> None:
    plugin = [str(PLUGIN), {"command": str(tmp_path / "no-mnemos")}]
    project = serving.open(opencode.add_project(tmp_path.name, plugin))

    answer = call_tool(project, script, "memory_search", q="x")

    assert (answer["ok"], answer["code"]) == (False, "client_missing")
    assert "Install mnemos-client" in answer["error"]
