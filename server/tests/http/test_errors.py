from __future__ import annotations

import io

import pytest
from mnemo_server.db.errors import DatabaseUnavailable, WriteConflict

BASE = "/v1alpha2/mem9s/memories"


@pytest.mark.parametrize(
    ("body", "sentence", "code"),
    [
        ("{", "invalid JSON: ", "invalid_json"),
        ("", "invalid JSON: EOF", "invalid_json"),
        ("[]", "body: ", "invalid_request"),
        ("{}", "content: content or messages required", "invalid_request"),
        ('{"content":"  "}', "content: content or messages required", "invalid_request"),
        ('{"content":5}', "content: Input should be a valid string", "invalid_request"),
        (
            '{"content":"x","tags":["' + "a" * 201 + '"]}',
            "tags.0: String should have at most 200",
            "invalid_request",
        ),
        (
            '{"content":"x","tags":' + str(["t"] * 21).replace("'", '"') + "}",
            "tags: too many (max 20)",
            "invalid_request",
        ),
        (
            '{"content":"x","messages":[{"role":"user","content":"y"}]}',
            "body: provide either",
            "invalid_request",
        ),
        ('{"messages":[{"role":"user"}]}', "messages.0.content: Field required", "invalid_request"),
        ('{"content":"\\ud800"}', "invalid JSON: ", "invalid_json"),
    ],
)
async def test_bad_bodies_are_told_by_field(app, body: str, sentence: str, code: str):
    status, answer, _ = await app.call("POST", BASE, data=body)

    assert (status, answer["code"]) == (400, code)
    assert answer["error"].startswith(sentence)


async def test_what_was_sent_is_not_repeated_in_the_answer(app):
    _, answer, _ = await app.call("POST", BASE, json={"content": {"password": "hunter2"}})

    assert "hunter2" not in str(answer)


async def test_a_body_beyond_a_mebibyte_is_refused(app):
    body = io.BytesIO(b'{"content":"' + b"x" * 1_048_576 + b'"}')

    status, answer, _ = await app.call("POST", BASE, data=body)

    assert (status, answer["code"]) == (413, "payload_too_large")
    assert "1048576 bytes" in answer["error"]


async def test_a_fault_of_the_server_is_logged_under_the_id_it_answers(app, monkeypatch, capsys):
    async def broken(*_args: object) -> None:
        raise RuntimeError("the reason")

    monkeypatch.setattr(type(app.services.memories), "get", broken)

    status, answer, headers = await app.call("GET", f"{BASE}/0000000000001")

    assert (status, answer["code"], answer["error"]) == (500, "internal_error", "internal server error")
    assert answer["request_id"] == headers["X-Request-Id"]
    logged = capsys.readouterr()
    assert "the reason" in logged.err + logged.out
    assert answer["request_id"] in logged.err + logged.out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DatabaseUnavailable("it is gone"), "database_unavailable"),
        (WriteConflict("again and again"), "write_conflict"),
    ],
)
async def test_database_errors_tell_when_to_come_back(app, monkeypatch, error: Exception, code: str):
    async def broken(*_args: object) -> None:
        raise error

    monkeypatch.setattr(type(app.services.memories), "get", broken)

    status, answer, headers = await app.call("GET", f"{BASE}/0000000000001")

    assert (status, answer["code"]) == (503, code)
    assert int(headers["Retry-After"]) >= 1
    assert str(error) not in answer["error"]


async def test_unknown_paths_and_methods_are_json_too(app):
    status, answer, _ = await app.call("GET", "/v1alpha2/nothing")
    assert (status, answer["code"]) == (404, "route_not_found")

    status, answer, headers = await app.call("PATCH", BASE)
    assert (status, answer["code"]) == (405, "method_not_allowed")
    assert "GET, POST" in answer["error"]
    assert headers["Allow"] == "GET, POST"


async def test_a_callers_request_id_is_kept_when_it_is_one(app):
    for sent, kept in (("abc-123", True), ("no spaces", False), ("x" * 65, False)):
        _, _, headers = await app.call("GET", "/healthz", headers={"X-Request-Id": sent})
        assert (headers["X-Request-Id"] == sent) is kept, sent


async def test_no_answer_tells_what_software_runs_here(app):
    _, _, headers = await app.call("GET", "/healthz")

    assert headers["Server"] == "mnemos"
