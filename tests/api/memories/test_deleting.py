"""DELETE of one memory and POST /memories/batch-delete."""

from __future__ import annotations

import httpx2
import pytest

from tests.support.interfaces.rest import RestApi, ids_of, make_messages


def batch_delete(api: RestApi, ids: object) -> httpx2.Response:
    return api.send("POST", "/memories/batch-delete", json={"ids": ids})


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_delete_returns_204_twice_and_404_for_an_unknown_id(api: RestApi, version: str):
    with RestApi(api.url, api.api_key, version) as tenant:
        memory = tenant.store("x")
        first, second = tenant.delete(memory["id"]), tenant.delete(memory["id"])
        assert (first.status_code, first.content) == (second.status_code, second.content) == (204, b"")
        assert tenant.delete("0" * 13).status_code == 404
        assert tenant.get(memory["id"]).status_code == 404


def test_batch_delete_counts_what_changed_state(api: RestApi):
    ids = ids_of([api.store(f"memory {number}") for number in range(4)])
    api.delete(ids[0])
    answer = batch_delete(api, [*ids[:3], ids[1], "", " ", "0" * 13, "nonsense"])
    assert (answer.status_code, answer.json()) == (200, {"deleted": 2})
    assert ids_of(api.page()["memories"]) == [ids[3]]
    assert api.page(q="memory")["total"] == 1
    assert batch_delete(api, ids[:3]).json() == {"deleted": 0}


def test_batch_delete_accepts_a_thousand_ids_counted_before_repeats_are_dropped(api: RestApi):
    ids = ids_of(api.store_many(f"memory {number}" for number in range(300)))
    assert batch_delete(api, (ids * 4)[:1_000]).json() == {"deleted": 300}
    answer = batch_delete(api, (ids * 4)[:1_001])
    assert (answer.status_code, answer.json()["error"]) == (400, "ids: too many (max 1000)")


@pytest.mark.parametrize("ids", [[], ["", "  "]], ids=["none", "blank"])
def test_batch_delete_needs_an_id(api: RestApi, ids: list[str]):
    answer = batch_delete(api, ids)
    assert (answer.status_code, answer.json()["error"]) == (400, "ids: required")
    assert api.send("POST", "/memories/batch-delete", json={}).json()["error"] == "ids: required"


def test_a_deleted_message_leaves_its_session_and_is_not_stored_again(api: RestApi):
    window = {"session_id": "s", "messages": make_messages("keep", "secret")}
    api.post(window)
    secret = next(one for one in api.messages("s") if one["content"] == "secret")
    assert batch_delete(api, [secret["id"]]).json() == {"deleted": 1}
    assert [one["content"] for one in api.messages("s")] == ["keep"]
    assert api.page(q="secret")["total"] == 0
    assert api.post(window).json()["duplicates"] == 2
    assert [one["content"] for one in api.messages("s")] == ["keep"]
