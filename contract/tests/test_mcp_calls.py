"""Tool calls: which request of the API each comes to, and what a model reads of the answer."""

from __future__ import annotations

import json

import pytest
from mnemos_contract import TOOLS, History, Memory, MemoryPage, StoreResponse
from mnemos_contract.errors import InvalidRequest, MemoryNotFound, VersionConflict
from mnemos_contract.mcp.calls import read_call, show_error, to_result
from mnemos_contract.mcp.views import show_history, show_stored

ID = "0abcdefghjkmn"
MEMORY = {
    "id": ID,
    "content": "The mast is oak.",
    "memory_type": "insight",
    "state": "active",
    "version": 1,
    "created_at": "2026-11-22T01:02:03Z",
    "updated_at": "2026-11-22T01:02:03Z",
    "agent_id": "ada",
    "source": "ada",
}
SHOWN = {
    "id": ID,
    "content": "The mast is oak.",
    "agent_id": "ada",
    "version": 1,
    "created_at": "2026-11-22",
}


@pytest.mark.parametrize(
    ("tool", "arguments", "route", "fields", "memory_id"),
    [
        ("memory_store", {"content": "x", "pinned": True}, "store_memory", {"memory_type": "pinned"}, None),
        ("memory_store", {"content": "x", "pinned": False, "source": None}, "store_memory", {}, None),
        ("memory_search", {}, "list_memories", {}, None),
        ("memory_search", {"tags": "a, b,"}, "list_memories", {"tags": ["a", "b"]}, None),
        ("memory_search", {"q": "x"}, "list_memories", {"q": "x", "min_confidence": 0}, None),
        ("memory_get", {"id": ID}, "get_memory", {}, ID),
        ("memory_get", {"id": ID, "history": True}, "get_history", {}, ID),
        ("memory_update", {"id": ID, "tags": [], "content": None}, "update_memory", {"tags": []}, ID),
        ("memory_delete", {"id": ID}, "delete_memory", {}, ID),
    ],
)
def test_a_call_is_one_request_with_what_was_given(tool, arguments, route, fields, memory_id):
    call = read_call(tool, arguments)
    content = {"content": "x"} if tool == "memory_store" else {}
    assert (call.route.name, call.fields, call.memory_id) == (route, content | fields, memory_id)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_what_is_wrong_is_told_by_name(tool):
    with pytest.raises(InvalidRequest, match=f"unknown parameter 'colour': {tool.name} accepts"):
        read_call(tool.name, {"id": "x", "content": "x", "colour": "red"})


@pytest.mark.parametrize("value", ["\ud800", {"deep": ["\udfff"]}], ids=["text", "nested"])
def test_half_a_character_is_refused_wherever_it_hides(value):
    with pytest.raises(InvalidRequest, match="metadata"):
        read_call("memory_store", {"content": "x", "metadata": {"value": value}})


def test_answers_are_shown_without_what_is_empty_or_usual():
    memory = Memory.model_validate(MEMORY)
    stored = StoreResponse.model_validate({"status": "ok", "outcome": "created", "id": ID, "memory": MEMORY})
    page = MemoryPage(memories=[memory], total=1, limit=10, offset=0)
    hit = {name: SHOWN[name] for name in ("id", "content", "agent_id", "created_at")}
    shown = {name: SHOWN[name] for name in ("id", "version", "created_at")}

    assert read_call("memory_get", {"id": ID}).show(memory) == {"ok": True, "data": SHOWN}
    assert read_call("memory_update", {"id": ID}).show(memory) == {"ok": True, "data": SHOWN}
    assert read_call("memory_store", {"content": "x"}).show(stored) == {
        "ok": True,
        "data": {**shown, "outcome": "created"},
    }
    position = {"total": 1, "limit": 10, "offset": 0}
    assert read_call("memory_search", {}).show(page) == {"ok": True, "memories": [hit], **position}
    history = read_call("memory_get", {"id": ID, "history": True}).show(History(memory=memory, changes=[]))
    assert history == {"ok": True, "data": {**SHOWN, "history": []}}
    assert f"restore {ID}" in str(read_call("memory_delete", {"id": ID}).show(None)["undo"])


def test_an_error_has_a_sentence_and_a_code_and_after_a_conflict_the_memory():
    conflict = VersionConflict(expected_version=3, current_version=1, current=MEMORY)
    strange = VersionConflict(expected_version=3, current_version=1, current={"id": ID})

    told = {"ok": False, "error": "memory not found", "code": "memory_not_found"}
    assert show_error(MemoryNotFound()) == told
    assert show_error(conflict)["current"] == SHOWN
    assert show_error(strange)["current"] == {"id": ID}


def test_a_result_says_in_both_places_whether_it_is_an_error():
    for ok in (True, False):
        result = to_result({"ok": ok, "error": "é"})
        assert result["isError"] is not ok
        assert result["content"] == [{"type": "text", "text": f'{{"ok":{json.dumps(ok)},"error":"é"}}'}]


def test_a_history_shows_earlier_values_of_what_each_change_changed():
    history = History.model_validate(
        {
            "memory": MEMORY | {"version": 2},
            "changes": [
                {
                    "action": "updated",
                    "version": 2,
                    "happened_at": "2026-11-23T01:02:03Z",
                    "before": {**MEMORY, "content": "The mast is pine."},
                },
                {"action": "created", "version": 1, "happened_at": "2026-11-22T01:02:03Z"},
            ],
        }
    )

    shown = show_history(history)

    assert [change["action"] for change in shown["history"]] == ["updated", "created"]
    assert shown["history"][0]["before"] == {"content": "The mast is pine."}
    assert "before" not in shown["history"][1]


def test_a_store_without_a_memory_in_its_response_is_shown_by_outcome():
    response = StoreResponse.model_validate({"status": "accepted", "outcome": "duplicate", "id": ID})

    assert show_stored(response) == {"id": ID, "outcome": "duplicate"}
