"""Requests and responses as pure values."""

from __future__ import annotations

import json
from types import NoneType

import pytest
from mnemos._wire import Arguments, WireRequest, WireResponse, build_request, read_response
from mnemos.address import ServerAddress
from mnemos_contract import ROUTES, ROUTES_BY_NAME, Access, Memory, Message
from mnemos_contract.errors import (
    ApiError,
    InvalidRequest,
    MemoryNotFound,
    MissingApiKey,
    UnexpectedResponse,
    VersionConflict,
)

ADDRESS = ServerAddress("https://memory.example/prefix/", "secret-key")


def build(name: str, path=None, agent_id: str = "", key: str | None = None, **fields) -> WireRequest:
    arguments = Arguments(path or {}, fields, key)
    return build_request(ADDRESS, ROUTES_BY_NAME[name], arguments, agent_id=agent_id)


def test_a_store_carries_the_key_the_agent_and_what_was_set():
    request = build("store_memory", agent_id="claude", key="once", content="x", tags=["a"], metadata=None)
    assert request.url == "https://memory.example/prefix/v1alpha2/mem9s/memories"
    assert request.headers["X-API-Key"] == "secret-key"
    assert request.headers["X-Mnemo-Agent-Id"] == "claude"
    assert request.headers["Idempotency-Key"] == "once"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("mnemos-client/")
    assert json.loads(request.body or b"") == {"content": "x", "tags": ["a"], "metadata": None}


def test_a_long_search_is_cut_to_what_a_url_holds():
    request = build("list_memories", q="记" * 200_000)
    assert len(request.url) < 65_536
    assert request.url.count("%E8%AE%B0") == 6_000


def test_filters_that_no_url_holds_are_refused():
    with pytest.raises(InvalidRequest, match="too long"):
        build("list_memories", tags=["x" * 700] * 100)


def test_a_query_leaves_out_what_was_not_set_and_writes_lists_as_their_type_says():
    listing = build("list_memories", q="50 % & more", tags=["a", "b"], source=None)
    assert listing.url.endswith("/memories?q=50+%25+%26+more&tags=a%2Cb")
    sessions = build("list_session_messages", session_id=["s 1", "s2"])
    assert sessions.url.endswith("/session-messages?session_id=s+1&session_id=s2")
    assert build("list_memories").url.endswith("/memories")


def test_only_a_listing_with_a_query_is_a_search():
    assert build("list_memories", q="x").is_search
    assert not build("list_memories", q=" ").is_search
    assert not build("store_memory", content="x").is_search


def test_an_id_cannot_leave_its_place_in_the_path():
    assert build("get_memory", {"memory_id": "../a?b"}).url.endswith("/memories/..%2Fa%3Fb")
    for value in ("", " ", ".", ".."):
        with pytest.raises(InvalidRequest, match="memory_id: required"):
            build("get_memory", {"memory_id": value})


def test_messages_may_be_models_or_dictionaries():
    request = build(
        "store_memory", messages=[Message(role="user", content="a"), {"role": "u", "content": "b"}]
    )
    assert [message["content"] for message in json.loads(request.body or b"")["messages"]] == ["a", "b"]


def test_a_limit_passed_is_told_in_the_words_of_the_server_before_anything_is_sent():
    with pytest.raises(InvalidRequest, match=r"^tags: too many \(max 20\)$") as caught:
        build("store_memory", content="x", tags=[str(number) for number in range(21)])
    assert caught.value.fields["field"] == "tags"


def test_a_field_that_does_not_exist_is_a_mistake_of_the_program():
    with pytest.raises(TypeError, match="StoreRequest has no field contents"):
        build("store_memory", contents="x")


def test_a_header_value_with_line_ends_is_refused():
    with pytest.raises(InvalidRequest, match="agent_id: contains characters"):
        build("get_health", agent_id="a\r\nX-API-Key: other")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_without_a_key_only_open_routes_are_asked(route):
    arguments = Arguments(dict.fromkeys(route.path_parameters, "x"), {"content": "x"} if route.body else {})
    address = ServerAddress("http://localhost")
    if route.access is Access.TENANT:
        with pytest.raises(MissingApiKey, match="set MEM9_API_KEY"):
            build_request(address, route, arguments)
    else:
        assert build_request(address, route, arguments).url == f"http://localhost{route.path}"


def test_a_request_is_repeatable_when_its_route_or_its_key_makes_it_so():
    assert build("get_memory", {"memory_id": "x"}).is_repeatable
    assert build("delete_memories", ids=["x"]).is_repeatable
    assert not build("update_memory", {"memory_id": "x"}, content="y").is_repeatable
    assert not build("store_memory", content="y").is_repeatable
    assert build("store_memory", key="once", content="y").is_repeatable


def test_the_repr_of_a_request_shows_neither_key_nor_content():
    text = repr(build("store_memory", content="private words"))
    assert "secret-key" not in text
    assert "private words" not in text


def reply(status: int, body: bytes, content_type: str = "application/json") -> WireResponse:
    return WireResponse(status, {"content-type": content_type}, body)


REQUEST = build("get_memory", {"memory_id": "x"})


def test_a_success_is_read_as_the_model_of_its_route(memory):
    assert read_response(REQUEST, reply(200, json.dumps(memory).encode()), Memory).version == 3
    assert read_response(build("delete_memory", {"memory_id": "x"}), reply(204, b""), NoneType) is None


def test_an_error_is_raised_as_the_class_that_the_server_raised():
    body = b'{"error":"memory not found","code":"memory_not_found","fields":{},"request_id":"r1"}'
    with pytest.raises(MemoryNotFound, match="memory not found") as caught:
        read_response(REQUEST, reply(404, body), Memory)
    assert caught.value.request_id == "r1"


def test_a_version_conflict_brings_the_current_memory(memory):
    fields = {"current_version": 3, "expected_version": 1, "current": memory}
    body = json.dumps({"error": "no", "code": "version_conflict", "fields": fields}).encode()
    with pytest.raises(VersionConflict) as caught:
        read_response(REQUEST, reply(412, body), Memory)
    assert caught.value.fields["current"] == memory


def test_an_error_without_a_code_is_a_plain_one():
    with pytest.raises(ApiError, match="not found") as caught:
        read_response(REQUEST, reply(404, b'{"error":"not found"}'), Memory)
    assert caught.value.fields == {"status": 404}


@pytest.mark.parametrize("status", [200, 302, 404, 502])
def test_the_page_of_a_proxy_is_shown_by_its_first_200_bytes(status):
    page = b"<html>Bad gateway" + b"." * 5000
    with pytest.raises(UnexpectedResponse) as caught:
        read_response(REQUEST, reply(status, page, "text/html"), Memory)
    sentence = str(caught.value)
    assert f"returned {status} (text/html)" in sentence
    assert "<html>Bad gateway" in sentence
    assert len(sentence) < 500


def test_a_proxy_that_repeats_the_key_does_not_bring_it_into_the_error():
    with pytest.raises(UnexpectedResponse) as caught:
        read_response(REQUEST, reply(500, b"X-API-Key: secret-key", "text/plain"), Memory)
    assert "X-API-Key: ***" in str(caught.value)
    assert "secret-key" not in str(caught.value)


def test_bytes_that_are_no_text_are_shown_all_the_same():
    with pytest.raises(UnexpectedResponse):
        read_response(REQUEST, reply(200, b"\xff\xfe\x00" * 100), Memory)
