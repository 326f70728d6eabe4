"""Whatever is sent, the caller learns what is wrong with it: never an internal error."""

from __future__ import annotations

import pytest

from tests.support.interfaces.rest import RestApi

MESSAGE = '{"messages": [{"role": "user", "content": "hi", "created_at": "%s"}]}'


@pytest.mark.parametrize("header", ["X-Mnemo-Agent-Id", "X-Mnemo-Project", "Idempotency-Key", "X-API-Key"])
def test_a_header_that_is_not_text_is_refused(api: RestApi, header: str):
    answer = api.send("POST", "/memories", json={"content": "x"}, headers={header: b"a\xff"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["fields"]["field"].lower() == header.lower()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_outside_the_calendar_is_refused(api: RestApi, moment: str):
    answer = api.send("POST", "/memories", content=(MESSAGE % moment).encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_a_body_that_is_invalid_in_its_encoding_is_refused(api: RestApi):
    answer = api.send("POST", "/memories", content=b"no gzip", headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["fields"]["field"]) == (400, "body")


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity"])
@pytest.mark.parametrize("memory_type", ["pinned", "insight"])
def test_metadata_accepts_no_number_that_json_cannot_represent(api: RestApi, memory_type: str, number: str):
    body = f'{{"content": "x", "memory_type": "{memory_type}", "metadata": {{"n": [{number}]}}}}'
    answer = api.send("POST", "/memories", content=body.encode())
    assert (answer.status_code, answer.json()["fields"]["field"]) == (400, "metadata")


@pytest.mark.parametrize("name", ["tags", "tags_any", "memory_type"])
def test_a_filter_accepts_a_hundred_items(api: RestApi, name: str):
    """On SQLite the time of a statement grows with the square of its parameters: 40,000 take ten seconds."""
    assert api.send("GET", "/memories", params={name: ",".join(map(str, range(100)))}).status_code == 200
    answer = api.send("GET", "/memories", params={name: ",".join(map(str, range(101)))})
    assert (answer.status_code, answer.json()["fields"]["field"]) == (400, name)


def test_a_message_has_a_limit_above_every_window_of_mem9(api: RestApi):
    body = {"messages": [{"role": "user", "content": "x" * 200_000}], "session_id": "long"}
    assert api.send("POST", "/memories", json=body).status_code == 202
    body["messages"][0]["content"] += "x"
    answer = api.send("POST", "/memories", json=body)
    assert (answer.status_code, answer.json()["fields"]["field"]) == (400, "messages.0.content")


def test_a_window_longer_than_the_usual_reach_is_recognised_when_it_is_sent_again(api: RestApi):
    body = {
        "messages": [{"role": "user", "content": f"{place}"} for place in range(6_000)],
        "session_id": "many",
    }
    first = api.send("POST", "/memories", json=body).json()
    second = api.send("POST", "/memories", json=body).json()
    assert (first["stored"], second["stored"], second["duplicates"]) == (6_000, 0, 6_000)


@pytest.mark.parametrize("field", ["source", "agent_id", "session_id"])
def test_filters_are_trimmed_like_the_names_they_look_for(api: RestApi, field: str):
    api.send("POST", "/memories", json={"content": "x", field: " padme "})
    for value in ("padme", " padme "):
        assert api.send("GET", "/memories", params={field: value}).json()["total"] == 1


def test_another_agent_with_the_same_idempotency_key_is_another_request(api: RestApi):
    headers = {"Idempotency-Key": "k", "X-Mnemo-Agent-Id": "ann"}
    assert api.send("POST", "/memories", json={"content": "x"}, headers=headers).status_code == 202
    headers["X-Mnemo-Agent-Id"] = "bob"
    assert api.send("POST", "/memories", json={"content": "x"}, headers=headers).status_code == 422
