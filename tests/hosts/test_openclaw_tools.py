"""OpenClaw's model calls each of the five tools, in one turn; what it is told back is asserted."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from mnemos import Client, MemoryNotFound

from tests.hosts.openclaw import ROOT
from tests.hosts.openclaw_gateway import Gateway
from tests.hosts.ways import HostWay, hold_turn
from tests.support.held_turn import PROMPT
from tests.support.scripted_model import ScriptedModel
from tests.support.ways import ToolFailure

#: The first test starts the gateway.
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def way(gateway: Gateway, gateway_model: ScriptedModel) -> Iterator[HostWay]:
    """One turn that is held open for all tests."""
    with hold_turn(gateway_model, lambda: gateway.ask("tools", PROMPT)) as opened:
        yield opened


def test_the_model_is_given_the_contract_s_five_tools(way: HostWay, gateway_model: ScriptedModel) -> None:
    way.call("memory_search", q="anything")

    given = {tool["function"]["name"]: tool["function"] for tool in gateway_model.requests[-1].body["tools"]}
    for tool in json.loads((ROOT / "plugins" / "openclaw" / "tools.json").read_text()):
        assert given[tool["name"]]["description"] == tool["description"]
        assert given[tool["name"]]["parameters"] == tool["input_schema"]


def test_memory_store_tells_the_model_the_id_at_once(way: HostWay, claw_notes: Client) -> None:
    answer = way.call("memory_store", content="The mast is oak.", tags=["boat"], pinned=True)

    assert answer["data"]["outcome"] == "created"
    stored = claw_notes.get_memory(answer["data"]["id"])
    assert (stored.content, stored.tags, stored.memory_type) == ("The mast is oak.", ["boat"], "pinned")
    assert stored.agent_id == "openclaw"


def test_memory_search_gives_the_model_what_is_stored(way: HostWay, claw_notes: Client) -> None:
    stored = claw_notes.store_memory(content="Error QX-77 means that the valve is stuck.", tags=["valve"])

    answer = way.call("memory_search", q="QX-77")

    assert answer["memories"][0]["id"] == stored.id
    assert answer["memories"][0]["content"] == "Error QX-77 means that the valve is stuck."


def test_memory_get_gives_the_model_one_memory(way: HostWay, claw_notes: Client) -> None:
    stored = claw_notes.store_memory(content="Lunch is at noon.")

    assert way.call("memory_get", id=stored.id)["data"]["content"] == "Lunch is at noon."


def test_memory_update_changes_what_the_model_says(way: HostWay, claw_notes: Client) -> None:
    stored = claw_notes.store_memory(content="Supper is at six.", tags=["day"])

    answer = way.call("memory_update", id=stored.id, content="Supper is at seven.", expected_version=1)

    assert answer["data"]["version"] == 2
    changed = claw_notes.get_memory(stored.id or "")
    assert (changed.content, changed.tags) == ("Supper is at seven.", ["day"])


def test_memory_delete_removes_it_and_says_how_to_undo(way: HostWay, claw_notes: Client) -> None:
    stored = claw_notes.store_memory(content="Breakfast is at eight.")

    assert "kept" in way.call("memory_delete", id=stored.id)["undo"]
    with pytest.raises(MemoryNotFound):
        claw_notes.get_memory(stored.id or "")


def test_an_unknown_id_is_told_in_a_sentence(way: HostWay) -> None:
    with pytest.raises(ToolFailure, match=r"^memory not found$") as failure:
        way.call("memory_get", id="nosuchmemory0")

    assert failure.value.code == "memory_not_found"


def test_a_conflict_shows_the_model_what_stands_there(way: HostWay, claw_notes: Client) -> None:
    stored = claw_notes.store_memory(content="Tea is at four.")
    claw_notes.update_memory(stored.id or "", content="Tea is at five.")

    with pytest.raises(ToolFailure) as failure:
        way.call("memory_update", id=stored.id, content="x", expected_version=1)

    assert failure.value.code == "version_conflict"
    assert failure.value.current is not None
    assert failure.value.current["content"] == "Tea is at five."


def test_bad_input_is_told_with_the_name_of_the_argument(way: HostWay) -> None:
    assert "- content: must not have more than 50000 characters" in way.read(
        "memory_store", content="x" * 50_001
    )
    assert "- limit: must be" in way.read("memory_search", q="x", limit="many")
