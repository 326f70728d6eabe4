from __future__ import annotations

import io

import pytest
from mnemo_server.db.errors import DatabaseUnavailable, WriteConflict

BASE = "/v1alpha2/mem9s/memories"


@pytest.mark.parametrize(
    ("body", "message", "code"),
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
async def test_invalid_bodies_are_reported_by_field(app, body: str, message: str, code: str):
    status, response, _ = await app.call("POST", BASE, data=body)

    assert (status, response["code"]) == (400, code)
    assert response["error"].startswith(message)


async def test_the_response_does_not_repeat_what_was_sent(app):
    _, response, _ = await app.call("POST", BASE, json={"content": {"password": "hunter2"}})

    assert "hunter2" not in str(response)


async def test_a_body_larger_than_a_mebibyte_is_rejected(app):
    body = io.BytesIO(b'{"content":"' + b"x" * 1_048_576 + b'"}')

    status, response, _ = await app.call("POST", BASE, data=body)

    assert (status, response["code"]) == (413, "payload_too_large")
    assert "1048576 bytes" in response["error"]


async def test_an_internal_error_is_logged_with_the_request_id_of_the_response(app, monkeypatch, capsys):
    async def fail(*_args: object) -> None:
        raise RuntimeError("the reason")

    monkeypatch.setattr(type(app.services.memories), "get", fail)

    status, response, headers = await app.call("GET", f"{BASE}/0000000000001")

    assert (status, response["code"], response["error"]) == (500, "internal_error", "internal server error")
    assert response["request_id"] == headers["X-Request-Id"]
    logged = capsys.readouterr()
    assert "the reason" in logged.err + logged.out
    assert response["request_id"] in logged.err + logged.out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DatabaseUnavailable("it is gone"), "database_unavailable"),
        (WriteConflict("again and again"), "write_conflict"),
    ],
)
async def test_database_errors_have_retry_after_and_hide_their_message(
    app, monkeypatch, error: Exception, code: str
):
    async def fail(*_args: object) -> None:
        raise error

    monkeypatch.setattr(type(app.services.memories), "get", fail)

    status, response, headers = await app.call("GET", f"{BASE}/0000000000001")

    assert (status, response["code"]) == (503, code)
    assert int(headers["Retry-After"]) >= 1
    assert str(error) not in response["error"]


async def test_unknown_paths_and_methods_get_json_errors(app):
    status, response, _ = await app.call("GET", "/v1alpha2/nothing")
    assert (status, response["code"]) == (404, "route_not_found")

    status, response, headers = await app.call("PATCH", BASE)
    assert (status, response["code"]) == (405, "method_not_allowed")
    assert "GET, POST" in response["error"]
    assert headers["Allow"] == "GET, POST"


async def test_a_valid_request_id_of_the_caller_is_kept(app):
    for sent, is_kept in (("abc-123", True), ("no spaces", False), ("x" * 65, False)):
        _, _, headers = await app.call("GET", "/healthz", headers={"X-Request-Id": sent})
        assert (headers["X-Request-Id"] == sent) is is_kept, sent


async def test_the_server_header_does_not_reveal_the_software(app):
    _, _, headers = await app.call("GET", "/healthz")

    assert headers["Server"] == "mnemos"
