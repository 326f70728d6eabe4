"""What every response has: JSON with a code for every error, request ids, bounded sizes."""

from __future__ import annotations

import json

import httpx2
import pytest

from tests.support.interfaces.rest import RestApi, make_messages
from tests.support.servers import RunningServer

MIB = 1_048_576


def ask(server: RunningServer, path: str, method: str = "GET", **options) -> httpx2.Response:
    return httpx2.request(method, server.url + path, timeout=30, trust_env=False, **options)


def test_health_needs_nothing_and_readiness_names_the_database(server: RunningServer, dsn: str):
    assert ask(server, "/healthz").json() == {"status": "ok"}
    ready = ask(server, "/readyz").json()
    assert ready == {"status": "ready", "database": dsn.partition(":")[0]}


def test_versionz_shows_what_runs_and_since_when(server: RunningServer):
    body = ask(server, "/versionz").json()
    assert body["version"]
    assert body["started_at"].endswith("Z")


def test_the_api_describes_itself(server: RunningServer):
    body = ask(server, "/openapi.json").json()
    assert "/v1alpha2/mem9s/memories" in body["paths"]


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/v1alpha2/mem9s/nothing", "/v1alpha2/mem9s/memories/", "/v1alpha3/mem9s", "//"]
)
def test_an_unknown_path_is_404_as_json(server: RunningServer, path: str):
    answer = ask(server, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")
    assert answer.headers["Content-Type"].startswith("application/json")


def test_the_response_to_an_unknown_path_with_a_key_omits_the_key(old_api: RestApi):
    answer = old_api.send("GET", "/nothing")
    assert answer.status_code == 404
    assert old_api.api_key not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/v1alpha2/mem9s/memories", {"GET", "POST"}),
        ("POST", "/v1alpha2/mem9s/memories/x", {"DELETE", "GET", "PUT"}),
        ("DELETE", "/healthz", {"GET"}),
        ("GET", "/v1alpha1/mem9s", {"POST"}),
    ],
)
def test_a_wrong_method_is_405_and_the_response_lists_the_allowed_ones(
    server: RunningServer, method: str, path: str, allowed: set[str]
):
    answer = ask(server, path, method)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert allowed <= set(answer.json()["fields"]["allowed"].split(", "))
    assert allowed <= set(answer.headers["Allow"].replace(" ", "").split(","))


def padded_body(size: int) -> bytes:
    """A store request of exactly `size` bytes."""
    body = b'{"content":"x","pad":""}'
    return body[:-2] + b"p" * (size - len(body)) + body[-2:]


def test_a_body_of_one_mebibyte_is_accepted_and_one_byte_more_is_not(api: RestApi):
    assert api.send("POST", "/memories", content=padded_body(MIB)).status_code == 202
    answer = api.send("POST", "/memories", content=padded_body(MIB + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert str(MIB) in answer.json()["error"]
    assert api.page()["total"] == 1


def test_a_body_without_a_length_has_the_same_limit(api: RestApi):
    def chunks():
        for _ in range(40):
            yield b" " * 65_536

    answer = api.send("POST", "/memories", content=chunks())
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


def test_messages_of_nearly_one_mebibyte_are_accepted(api: RestApi):
    body = {
        "session_id": "s",
        "messages": make_messages(*("word " * 190 + str(number) for number in range(1_000))),
    }
    assert 0.9 * MIB < len(json.dumps(body)) < MIB
    assert api.post(body).json()["stored"] == 1_000


def test_a_request_id_is_kept_or_created(server: RunningServer):
    made = [ask(server, "/healthz").headers["X-Request-Id"] for _ in range(2)]
    assert len(set(made)) == 2
    kept = ask(server, "/nothing", headers={"X-Request-Id": "trace-1.a_B"})
    assert kept.headers["X-Request-Id"] == kept.json()["request_id"] == "trace-1.a_B"


@pytest.mark.parametrize("sent", ["two words", "x" * 65, 'quo"te', "ü"])
def test_a_request_id_that_is_unsafe_in_a_log_is_replaced(server: RunningServer, sent: str):
    answer = ask(server, "/healthz", headers=[(b"X-Request-Id", sent.encode())])
    assert answer.headers["X-Request-Id"].isalnum()


def test_an_error_has_sentence_code_fields_and_request_id(api: RestApi):
    answer = api.post({"content": "x", "tags": ["t"] * 21})
    error = answer.json()
    assert set(error) == {"error", "code", "fields", "request_id"}
    assert error["request_id"] == answer.headers["X-Request-Id"]


def test_the_log_has_a_request_under_its_id_by_its_route(server: RunningServer, old_api: RestApi):
    request_id = old_api.get("0" * 13).headers["X-Request-Id"]
    lines = [json.loads(line) for line in server.log_path.read_text().splitlines() if request_id in line]
    assert len(lines) == 1
    line = lines[0]
    assert (line["status"], line["method"]) == (404, "GET")
    assert line["path"] == "/v1alpha1/mem9s/{api_key}/memories/{memory_id}"


def test_times_have_microseconds_and_a_zone(api: RestApi):
    memory = api.store("x")
    assert memory["created_at"].endswith("Z")
