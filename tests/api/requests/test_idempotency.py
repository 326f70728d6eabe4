"""Idempotency-Key: a repeated POST gets the first response, and happens once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.interfaces.rest import RestApi, make_messages

BODIES = {
    "content": {"content": "once"},
    "sync": {"content": "once", "sync": True},
    "pinned": {"content": "once", "memory_type": "pinned"},
    "messages": {"session_id": "s", "messages": make_messages("once")},
}


def post_once(api: RestApi, body: dict, key: str = "k-1"):
    return api.post(body, **{"Idempotency-Key": key})


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_same_request_gets_the_same_response_and_happens_once(api: RestApi, body: dict):
    first, second = post_once(api, body), post_once(api, body)
    assert first.is_success
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert api.page()["total"] + len(api.messages("s")) == 1


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_another_body_under_the_same_key_is_refused(api: RestApi, body: dict):
    post_once(api, {"content": "first"})
    answer = post_once(api, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert api.page()["total"] + len(api.messages("s")) == 1


def test_other_keys_and_no_key_are_other_requests(api: RestApi):
    answers = [post_once(api, BODIES["content"], key) for key in ("k-1", "k-2")] + [
        api.post(BODIES["content"])
    ]
    assert [answer.json()["outcome"] for answer in answers] == ["created", "duplicate", "duplicate"]


def test_the_response_to_a_repeat_is_kept_under_its_own_key(api: RestApi):
    first = post_once(api, BODIES["content"], "k-1").json()
    second = post_once(api, BODIES["content"], "k-2").json()
    api.delete(first["id"])
    assert post_once(api, BODIES["content"], "k-2").json() == second
    assert post_once(api, BODIES["content"], "k-1").json() == first
    assert api.page()["total"] == 0


def test_a_key_of_one_tenant_means_nothing_to_another(api: RestApi, new_key):
    first = post_once(api, BODIES["content"])
    with RestApi(api.url, new_key()) as other:
        assert post_once(other, BODIES["content"]).json()["id"] != first.json()["id"]


def test_requests_with_one_key_at_the_same_time_happen_once(api: RestApi):
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: post_once(api, BODIES["content"]), range(24)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert api.page()["total"] == 1


def test_a_refused_request_leaves_its_key_free(api: RestApi):
    assert post_once(api, {"content": ""}).status_code == 400
    assert post_once(api, BODIES["content"]).status_code == 202


def test_a_key_of_200_characters_is_accepted_and_a_longer_one_refused(api: RestApi):
    assert post_once(api, BODIES["content"], "k" * 200).status_code == 202
    answer = post_once(api, BODIES["content"], "k" * 201)
    assert (answer.status_code, answer.json()["fields"]["field"]) == (400, "Idempotency-Key")
