"""Storing what is known already: nothing is stored twice, and nothing that was sent is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.interfaces.rest import RestApi, ids_of

TEXT = "The staging database is db-7, rebuilt every Monday."
REPEATS = [
    TEXT,
    "the staging database is DB-7, rebuilt every monday",
    "  The  staging database\nis db-7 rebuilt every Monday!",
    "Staging database: db-7; rebuilt every Monday",
]
OTHERS = [
    "The staging database is db-8, rebuilt every Monday.",
    "The staging database is not db-7, rebuilt every Monday.",
    "The staging database was db-7, rebuilt every Monday.",
    "The staging database is db-7, rebuilt every Tuesday.",
    "Is the staging database db-7, rebuilt every Monday?",
]


def outcome(api: RestApi, content: str, **fields: object) -> tuple[str, str]:
    """Store a memory; return its outcome and its id."""
    answer = api.post({"content": content, **fields})
    assert answer.is_success, answer.text
    return answer.json()["outcome"], answer.json()["id"]


def events(api: RestApi, memory_id: str) -> list[dict]:
    return api.send("GET", f"/memories/{memory_id}/history").json()["changes"]


@pytest.mark.parametrize("again", REPEATS)
def test_a_repeat_returns_the_known_memory_and_is_kept_in_its_history(api: RestApi, again: str):
    first = api.store(TEXT, tags=["db"])
    headers = {"X-Mnemo-Agent-Id": "codex"}
    sent = {"content": again, "tags": ["db", "new"], "metadata": {"n": 1}, "source": "wiki"}
    answer = api.post(sent, **headers)
    assert answer.status_code == 202
    assert (answer.json()["outcome"], answer.json()["id"]) == ("duplicate", first["id"])
    assert answer.json()["memory"] == first == api.get(first["id"]).json()
    assert (api.page()["total"], api.page(q="staging")["total"]) == (1, 1)
    repeat, creation = events(api, first["id"])
    assert (repeat["action"], repeat["version"], repeat["agent_id"]) == ("repeated", 1, "codex")
    assert repeat["detail"] == sent
    assert creation["action"] == "created"


@pytest.mark.parametrize("other", OTHERS)
def test_a_text_that_only_resembles_another_is_a_new_memory(api: RestApi, other: str):
    api.store(TEXT)
    assert outcome(api, other)[0] == "created"
    assert api.page()["total"] == 2


@pytest.mark.parametrize(
    "fields", [{"project": "atlas"}, {"memory_type": "pinned"}, {"subject": "db/staging"}], ids=str
)
def test_the_same_text_with_another_project_type_or_subject_is_another_memory(api: RestApi, fields: dict):
    first = api.store(TEXT)
    assert outcome(api, TEXT, **fields)[0] == "created"
    again = outcome(api, TEXT.upper(), **fields)
    assert again[0] == "duplicate"
    assert again[1] != first["id"]
    assert api.page()["total"] == 2


def test_a_repeat_of_a_pinned_memory_returns_201_with_its_members(api: RestApi):
    first = api.store(TEXT, memory_type="pinned")
    answer = api.post({"content": TEXT, "memory_type": "pinned"})
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in first} == first
    assert answer.json()["outcome"] == "duplicate"


def test_a_memory_that_is_no_longer_current_has_no_repeats(api: RestApi):
    deleted = outcome(api, TEXT)[1]
    api.delete(deleted)
    changed = outcome(api, TEXT)[1]
    assert changed != deleted
    api.put(changed, {"content": "Nothing is known of staging."})
    superseded = outcome(api, TEXT, subject="db")[1]
    assert outcome(api, "No database", subject="db")[0] == "created"
    back = api.post({"content": TEXT, "subject": "db"}).json()
    assert (back["outcome"], len(back["superseded"])) == ("created", 1)
    assert len({deleted, changed, superseded, back["id"]}) == 4
    assert outcome(api, "nothing is known of staging") == ("duplicate", changed)


def test_a_repeat_can_still_supersede_another_memory(api: RestApi):
    right, wrong = api.store(TEXT), api.store("The staging database is db-1")
    answer = api.post({"content": TEXT.lower(), "replaces": wrong["id"]}).json()
    assert (answer["outcome"], answer["id"], answer["superseded"]) == (
        "duplicate",
        right["id"],
        [wrong["id"]],
    )
    assert ids_of(api.page()["memories"]) == [right["id"]]
    assert api.get(wrong["id"]).json()["superseded_by"] == right["id"]


def test_two_memories_whose_texts_become_the_same_both_stay_current(api: RestApi):
    one, other = api.store("first"), api.store("second")
    assert api.put(other["id"], {"content": "FIRST"}).status_code == 200
    assert api.page()["total"] == 2
    assert outcome(api, "First!") == ("duplicate", one["id"])
    assert api.put(other["id"], {"content": "third"}).json()["version"] == 3
    assert outcome(api, "Third") == ("duplicate", other["id"])


def test_repeats_sent_at_once_through_two_servers_are_stored_once(api: RestApi, second_server):
    with RestApi(second_server.url, api.api_key) as other, ThreadPoolExecutor(8) as pool:

        def store(number: int) -> tuple[str, str]:
            return outcome((api, other)[number % 2], REPEATS[number % 4])

        outcomes = list(pool.map(store, range(24)))
    assert sorted(kind for kind, _ in outcomes) == ["created"] + ["duplicate"] * 23
    (memory_id,) = {memory_id for _, memory_id in outcomes}
    assert api.page()["total"] == 1
    assert [one["action"] for one in events(api, memory_id)] == ["repeated"] * 23 + ["created"]
