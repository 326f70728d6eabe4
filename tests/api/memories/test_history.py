"""GET /memories/{id}/history, POST /memories/{id}/restore and `as_of`: the past, and how to return to it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.support.interfaces.rest import RestApi, ids_of, make_mark, make_messages

UNKNOWN_ID = "0" * 13


def restore(api: RestApi, memory_id: str, body: dict | None = None, **headers: str) -> httpx2.Response:
    path = f"/memories/{memory_id}/restore"
    return api.send("POST", path, json=body or {}, headers=headers)


def changes(api: RestApi, memory_id: str) -> list[dict[str, Any]]:
    answer = api.send("GET", f"/memories/{memory_id}/history")
    assert answer.status_code == 200, answer.text
    return answer.json()["changes"]


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_a_deleted_memory_is_restored_with_all_its_fields_and_found_at_once(api: RestApi, version: str):
    mark = make_mark()
    with RestApi(api.url, api.api_key, version) as tenant:
        fields = {"tags": ["b", "a"], "metadata": {"k": [1, None]}, "source": "wiki", "project": "atlas"}
        memory = tenant.store(f"soon back {mark}", **fields)
        tenant.delete(memory["id"])
        answer = restore(tenant, memory["id"])
        assert answer.status_code == 200
        back = answer.json()
        assert (back["version"], back["state"]) == (3, "active")
        same = ("id", "content", "created_at", "memory_type", *fields)
        assert {name: back[name] for name in same} == {name: memory[name] for name in same}
        assert tenant.get(memory["id"]).json() == back
        assert ids_of(tenant.page(q=mark, tags="a,b", project="atlas")["memories"]) == [memory["id"]]
        assert ids_of(tenant.page(tags="a")["memories"]) == [memory["id"]]
        assert tenant.put(memory["id"], {"content": "changed"}).json()["version"] == 4


def test_a_history_shows_every_change_newest_first_with_its_author(api: RestApi):
    def by(agent: str) -> dict[str, str]:
        return {"X-Mnemo-Agent-Id": agent}

    memory = api.post({"content": "first", "tags": ["a"]}, **by("ann")).json()["memory"]
    api.put(memory["id"], {"content": "second", "tags": ["b"]}, **by("bob"))
    api.post({"content": "SECOND!", "metadata": 7}, **by("cem"))
    api.send("DELETE", f"/memories/{memory['id']}", headers=by("dan"))
    restore(api, memory["id"], {"version": 1}, **by("eve"))

    told = changes(api, memory["id"])

    assert [(one["action"], one["version"], one["agent_id"]) for one in told] == [
        ("restored", 4, "eve"),
        ("deleted", 3, "dan"),
        ("repeated", 2, "cem"),
        ("updated", 2, "bob"),
        ("created", 1, "ann"),
    ]
    assert [one["happened_at"] for one in told] == sorted((one["happened_at"] for one in told), reverse=True)
    befores = [one.get("before", {}) for one in told]
    assert [(one.get("content"), one.get("state"), one.get("tags")) for one in befores] == [
        ("second", "deleted", ["b"]),
        ("second", "active", ["b"]),
        (None, None, None),
        ("first", "active", ["a"]),
        (None, None, None),
    ]
    assert [one.get("detail") for one in told] == [
        {"from": "deleted", "version": 1},
        None,
        {"content": "SECOND!", "metadata": 7, "source": "cem"},
        None,
        None,
    ]
    assert (api.get(memory["id"]).json()["content"], api.contents(tags="a")) == ("first", ["first"])
    assert api.page(tags="b")["total"] == 0


def test_the_history_of_a_deleted_memory_can_be_read(api: RestApi):
    memory = api.store("gone")
    api.delete(memory["id"])
    answer = api.send("GET", f"/memories/{memory['id']}/history").json()
    assert (answer["memory"]["state"], answer["memory"]["content"]) == ("deleted", "gone")


def test_a_history_is_cut_at_200_changes(api: RestApi):
    memory = api.store("x")
    for _ in range(205):
        api.put(memory["id"], {})
    told = changes(api, memory["id"])
    assert (len(told), told[0]["version"]) == (200, 206)


@pytest.mark.parametrize("memory_id", [UNKNOWN_ID, "x", "%00", "a%2Fb"])
def test_an_unknown_id_is_404(api: RestApi, memory_id: str):
    asked = api.send("GET", f"/memories/{memory_id}/history"), restore(api, memory_id)
    for answer in asked:
        assert (answer.status_code, answer.json()["code"]) == (404, "memory_not_found")


def test_a_memory_of_another_tenant_has_no_history_and_cannot_be_restored(api: RestApi, new_key):
    memory = api.store("mine")
    with RestApi(api.url, new_key()) as other:
        assert other.send("GET", f"/memories/{memory['id']}/history").status_code == 404
        assert restore(other, memory["id"]).status_code == 404
        assert other.post({"content": "x", "replaces": memory["id"]}).status_code == 404
        assert other.post({"content": "mine"}).json()["outcome"] == "created"
    assert [one["action"] for one in changes(api, memory["id"])] == ["created"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"version": 4}, 404, "version_not_found"),
        ({"version": 0}, 400, "invalid_request"),
        ({"version": "one"}, 400, "invalid_request"),
    ],
)
def test_restoring_an_unknown_version_is_refused_and_changes_nothing(
    api: RestApi, body: dict, status: int, code: str
):
    memory = api.store("one")
    changed = api.put(memory["id"], {"content": "two"}).json()
    answer = restore(api, memory["id"], body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.get(memory["id"]).json() == changed


def test_every_version_can_be_restored_and_each_restore_adds_a_version(api: RestApi):
    memory = api.store("text 1", tags=["t1"], metadata=1)
    for number in (2, 3):
        api.put(memory["id"], {"content": f"text {number}", "tags": [f"t{number}"], "metadata": number})
    for number, version in ((1, 4), (2, 5), (3, 6), (1, 7)):
        back = restore(api, memory["id"], {"version": number}).json()
        expected = (f"text {number}", [f"t{number}"], number, version)
        assert (back["content"], back["tags"], back["metadata"], back["version"]) == expected
        assert api.contents(q=f"text {number}", tags=f"t{number}") == [f"text {number}"]
    assert restore(api, memory["id"]).json()["content"] == "text 1"


def test_restoring_twice_with_one_key_happens_once(api: RestApi):
    one, other = api.store("one"), api.store("other")
    for memory in (one, other):
        api.delete(memory["id"])
    key = {"Idempotency-Key": "k"}
    first, second = restore(api, one["id"], **key), restore(api, one["id"], **key)
    assert first.json() == second.json()
    assert second.status_code == 200
    assert first.json()["version"] == 3
    for answer in (restore(api, other["id"], **key), api.post({}, **key), api.post({"content": "x"}, **key)):
        assert answer.status_code in (400, 422)
    assert api.contents() == ["one"]


def test_a_deleted_message_is_restored_into_its_session(api: RestApi):
    api.post({"session_id": "s", "messages": make_messages("keep", "secret")})
    secret = next(one for one in api.messages("s") if one["content"] == "secret")
    api.delete(secret["id"])
    assert restore(api, secret["id"]).status_code == 200
    assert [one["content"] for one in api.messages("s")] == ["keep", "secret"]
    assert api.page(q="secret")["total"] == 2  # with the message before it as context


def test_a_memory_can_be_restored_beside_a_newer_one_with_the_same_text(api: RestApi):
    old = api.store("the port is 8080")
    api.delete(old["id"])
    new = api.store("the port is 8080")
    assert restore(api, old["id"]).status_code == 200
    assert set(ids_of(api.page()["memories"])) == {old["id"], new["id"]}
    assert api.post({"content": "The port is 8080."}).json()["id"] == new["id"]


def test_lists_of_the_past_show_the_memories_and_contents_of_that_time(api: RestApi):
    kept, changed, deleted = api.store("kept"), api.store("before", tags=["a"]), api.store("deleted later")
    then = deleted["created_at"]
    api.put(changed["id"], {"content": "after", "tags": ["b"]})
    api.delete(deleted["id"])
    api.store("too late")

    page = api.page(as_of=then)
    assert [one["content"] for one in page["memories"]] == ["deleted later", "before", "kept"]
    assert page["total"] == 3
    assert [one["version"] for one in page["memories"]] == [1, 1, 1]
    assert api.contents(as_of=then, tags="a") == ["before"]
    assert api.page(as_of=then, tags="b")["total"] == 0
    assert api.contents(as_of=kept["created_at"]) == ["kept"]
    assert api.page(as_of="2020-01-01")["total"] == 0
    assert api.contents(as_of="2100-01-01") == ["too late", "after", "kept"]
    assert api.contents(as_of="2100-01-01", state="deleted") == ["deleted later"]
    assert [api.contents(as_of=then, limit=1, offset=offset) for offset in range(4)] == [
        ["deleted later"],
        ["before"],
        ["kept"],
        [],
    ]


def test_searches_of_the_past_match_the_texts_of_today(api: RestApi):
    memory = api.store("the port is 8080", tags=["a"])
    then = memory["created_at"]
    api.put(memory["id"], {"content": "the port is 8443"})
    assert api.contents(q="8443", as_of=then) == ["the port is 8080"]
    assert api.page(q="8080", as_of=then)["total"] == 0
    assert api.page(q="8443", as_of="2020-01-01")["total"] == 0


@pytest.mark.parametrize("as_of", ["yesterday", "2026", "1", "2026-13-01"])
def test_a_malformed_time_is_refused(api: RestApi, as_of: str):
    answer = api.send("GET", "/memories", params={"as_of": as_of})
    assert (answer.status_code, answer.json()["fields"]["field"]) == (400, "as_of")


def test_tags_are_suggested_from_similar_memories_and_never_set(api: RestApi):
    api.store("The staging database is rebuilt on Mondays", tags=["database", "staging"])
    api.store("The staging database has a replica", tags=["database", "replica"])
    api.store("Lunch is at noon", tags=["food"])
    content = "The staging database lost its replica"
    assert "suggested_tags" not in api.post({"content": content}).json()
    answer = api.post({"content": content + " again", "tags": ["staging"], "suggest_tags": True}).json()
    assert answer["suggested_tags"] == ["database", "replica"]
    assert answer["memory"]["tags"] == ["staging"]
    changed = api.put(answer["id"], {"content": "Lunch is at one", "tags": [], "suggest_tags": True}).json()
    assert changed["suggested_tags"] == ["food"]
    assert "tags" not in changed
    assert "suggested_tags" not in api.get(answer["id"]).json()
    assert "suggested_tags" not in api.post({"content": "zzz qqq", "suggest_tags": True}).json()
