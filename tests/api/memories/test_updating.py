"""PUT and GET of one memory: versions, entity tags, conflicts, what an update keeps and clears."""

from __future__ import annotations

import pytest

from tests.support.interfaces.rest import RestApi

UNKNOWN_ID = "0" * 13


@pytest.fixture
def memory(api: RestApi) -> dict:
    """A memory at version 1 with every field that an update can change."""
    return api.store("first", tags=["a", "b"], metadata={"k": 1}, source="wiki")


def test_get_and_put_return_the_version_as_a_quoted_entity_tag(api: RestApi, memory: dict):
    assert api.get(memory["id"]).headers["ETag"] == '"1"'
    assert api.put(memory["id"], {"content": "second"}).headers["ETag"] == '"2"'
    assert api.get(memory["id"]).headers["ETag"] == '"2"'


def test_if_none_match_returns_304_without_a_body_while_nothing_changed(api: RestApi, memory: dict):
    answer = api.get(memory["id"], **{"If-None-Match": '"1"'})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", '"1"')
    assert api.get(memory["id"], **{"If-None-Match": '"9", "1"'}).status_code == 304
    api.put(memory["id"], {})
    assert api.get(memory["id"], **{"If-None-Match": '"1"'}).status_code == 200


def test_a_stale_bare_if_match_writes_anyway_and_reports_the_conflict(api: RestApi, memory: dict):
    api.put(memory["id"], {"content": "second"})
    answer = api.put(memory["id"], {"content": "third"}, **{"If-Match": "1"})
    assert (answer.status_code, answer.json()["version"]) == (200, 3)
    assert answer.headers["X-Mnemo-Conflict"] == "2"


@pytest.mark.parametrize("header", ["1", '"1"', "*", ""])
def test_a_current_if_match_reports_no_conflict(api: RestApi, memory: dict, header: str):
    answer = api.put(memory["id"], {"content": "second"}, **{"If-Match": header})
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert "X-Mnemo-Conflict" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "body"), [({"If-Match": '"1"'}, {}), ({}, {"expected_version": 1})], ids=["header", "body"]
)
def test_a_stale_quoted_if_match_or_expected_version_is_refused_with_the_current_memory(
    api: RestApi, memory: dict, headers: dict, body: dict
):
    current = api.put(memory["id"], {"content": "second"}).json()
    answer = api.put(memory["id"], {"content": "third", **body}, **headers)
    error = answer.json()
    assert (answer.status_code, error["code"]) == (412, "version_conflict")
    assert error["fields"]["current"] == current
    assert (error["fields"]["current_version"], error["fields"]["expected_version"]) == (2, 1)
    assert api.get(memory["id"]).json() == current


def test_a_quoted_if_match_that_is_not_a_version_is_refused(api: RestApi, memory: dict):
    answer = api.put(memory["id"], {}, **{"If-Match": '"abc"'})
    assert (answer.status_code, answer.json()["fields"]["field"]) == (400, "If-Match")
    assert api.get(memory["id"]).json()["version"] == 1


def test_an_empty_update_adds_a_version_and_changes_nothing_else(api: RestApi, memory: dict):
    answer = api.put(memory["id"], {}, **{"X-Mnemo-Agent-Id": "codex"})
    changed = answer.json()
    assert (answer.status_code, changed["version"], changed["updated_by"]) == (200, 2, "codex")
    assert changed["updated_at"] > memory["updated_at"]
    same = ("id", "content", "tags", "metadata", "source", "created_at", "memory_type", "state")
    assert {name: changed[name] for name in same} == {name: memory[name] for name in same}


def test_metadata_null_clears_it_and_absent_metadata_stays(api: RestApi, memory: dict):
    assert api.put(memory["id"], {"content": "second"}).json()["metadata"] == {"k": 1}
    assert "metadata" not in api.put(memory["id"], {"metadata": None}).json()
    assert "metadata" not in api.get(memory["id"]).json()
    assert api.put(memory["id"], {"metadata": {}}).json()["metadata"] == {}


def test_an_empty_list_clears_tags_and_null_keeps_them(api: RestApi, memory: dict):
    assert api.put(memory["id"], {"tags": None}).json()["tags"] == ["a", "b"]
    assert "tags" not in api.put(memory["id"], {"tags": []}).json()
    assert api.page(tags="a")["total"] == 0
    api.put(memory["id"], {"tags": ["c", "a"]})
    assert (api.page(tags="a")["total"], api.page(tags="b")["total"], api.page(tags="c")["total"]) == (
        1,
        0,
        1,
    )


def test_the_order_of_tags_can_be_changed(api: RestApi, memory: dict):
    assert api.put(memory["id"], {"tags": ["b", "a"]}).json()["tags"] == ["b", "a"]
    assert api.get(memory["id"]).json()["tags"] == ["b", "a"]


@pytest.mark.parametrize("content", ["", None])
def test_empty_content_keeps_the_old_one(api: RestApi, memory: dict, content: str | None):
    assert api.put(memory["id"], {"content": content}).json()["content"] == "first"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"content": "x" * 50_001}, "content: too long (max 50000"),
        ({"tags": [str(number) for number in range(21)]}, "tags: too many (max 20)"),
        ({"expected_version": 0}, "expected_version: "),
        ({"expected_version": "one"}, "expected_version: "),
    ],
)
def test_a_bad_update_is_refused_and_changes_nothing(api: RestApi, memory: dict, body: dict, sentence: str):
    answer = api.put(memory["id"], body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(sentence)
    assert api.get(memory["id"]).json() == memory


@pytest.mark.parametrize(
    "memory_id", [UNKNOWN_ID, "7zzzzzzzzzzzz", "zzzzzzzzzzzzz", "x", "a" * 500, "%00", "a%2Fb"]
)
def test_an_unknown_id_is_404_for_get_put_and_delete(api: RestApi, memory_id: str):
    for answer in (api.get(memory_id), api.put(memory_id, {}), api.delete(memory_id)):
        assert (answer.status_code, answer.json()["code"]) == (404, "memory_not_found")


def test_an_id_may_be_in_capitals(api: RestApi, memory: dict):
    assert api.get(memory["id"].upper()).json()["id"] == memory["id"]


def test_an_update_never_restores_a_deleted_memory(api: RestApi, memory: dict):
    api.delete(memory["id"])
    assert api.put(memory["id"], {"content": "again"}).status_code == 404
    deleted = api.page(state="deleted")["memories"]
    assert [(one["content"], one["version"]) for one in deleted] == [("first", 2)]


def test_both_versions_of_the_api_return_the_same_for_an_update(api: RestApi, old_api: RestApi, memory: dict):
    changed = old_api.put(memory["id"], {"content": "second"})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert old_api.get(memory["id"]).json() == api.get(memory["id"]).json() == changed.json()
