"""Claude Code calls each of the five tools; what the model is told back is asserted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mnemos import Client, MemoryNotFound

from tests.hosts.claude import Claude
from tests.support.scripted_model import CallTool, Rule, Say, ScriptedModel

pytestmark = pytest.mark.timeout(120)


def call_tool(claude: Claude, model: ScriptedModel, name: str, **arguments: Any) -> dict[str, Any]:
    """Let the model call one tool and give what it was answered."""
    model.rules = [Rule("please do", (CallTool(name, arguments), Say("done")))]
    turn = claude.ask("please do it now")
    assert turn.code == 0, turn.stderr
    assert turn.output["result"] == "done"
    assert turn.output["permission_denials"] == []
    answer: dict[str, Any] = json.loads(model.requests[-1].tool_results[-1])
    return answer


def test_memory_store_tells_the_model_the_id_at_once(claude, model: ScriptedModel, memory: Client) -> None:
    answer = call_tool(claude, model, "memory_store", content="The mast is oak.", tags=["boat"], pinned=True)

    assert answer["ok"] is True
    assert answer["data"]["outcome"] == "created"
    stored = memory.get_memory(answer["data"]["id"])
    assert (stored.content, stored.tags, stored.memory_type) == ("The mast is oak.", ["boat"], "pinned")
    assert stored.agent_id == "claude-code"


def test_memory_search_gives_the_model_what_is_stored(claude, model: ScriptedModel, memory: Client) -> None:
    stored = memory.store_memory(content="Error QX-77 means that the valve is stuck.", tags=["valve"])

    answer = call_tool(claude, model, "memory_search", q="QX-77", limit=3)

    assert answer["total"] >= 1
    assert answer["memories"][0]["id"] == stored.id
    assert answer["memories"][0]["content"] == "Error QX-77 means that the valve is stuck."
    assert answer["memories"][0]["confidence"] > 0


def test_memory_get_gives_the_model_one_memory(claude, model: ScriptedModel, memory: Client) -> None:
    stored = memory.store_memory(content="Lunch is at noon.", metadata={"where": "garden"})

    answer = call_tool(claude, model, "memory_get", id=stored.id)

    assert answer["data"]["content"] == "Lunch is at noon."
    assert answer["data"]["metadata"] == {"where": "garden"}


def test_memory_update_changes_what_the_model_says(claude, model: ScriptedModel, memory: Client) -> None:
    stored = memory.store_memory(content="Lunch is at noon.", tags=["day"])

    answer = call_tool(
        claude, model, "memory_update", id=stored.id, content="Lunch is at one.", expected_version=1
    )

    assert (answer["data"]["version"], answer["data"]["tags"]) == (2, ["day"])
    assert memory.get_memory(stored.id or "").content == "Lunch is at one."


def test_memory_delete_removes_it_and_says_how_to_undo(claude, model: ScriptedModel, memory: Client) -> None:
    stored = memory.store_memory(content="Lunch is at noon.")

    answer = call_tool(claude, model, "memory_delete", id=stored.id)

    assert answer["ok"] is True
    assert "kept" in answer["undo"]
    with pytest.raises(MemoryNotFound):
        memory.get_memory(stored.id or "")


def test_a_wrong_call_is_told_to_the_model_in_a_sentence(claude, model: ScriptedModel) -> None:
    answer = call_tool(claude, model, "memory_get", id="nosuchmemory0")

    assert answer == {"ok": False, "error": "memory not found", "code": "memory_not_found"}
