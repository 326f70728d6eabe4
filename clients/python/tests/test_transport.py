"""Both clients against a server over real sockets, with the same tests for both."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import socket
import time
from typing import Any

import pytest
from mnemos import AsyncClient, BadAddress, Client, RetryPolicy, Timeouts
from mnemos_contract.errors import (
    DatabaseUnavailable,
    MemoryNotFound,
    MissingApiKey,
    MnemosError,
    RateLimited,
    ServerUnreachable,
    UnexpectedResponse,
)

QUICK = RetryPolicy(first_wait_seconds=0.01)
ONCE = RetryPolicy(attempts=1)
STORED = {"status": "accepted", "outcome": "created", "id": "0amfm0j0ye4sz"}


@pytest.fixture(params=["blocking", "awaited"])
def call(request, scripted) -> Any:
    """Calls one method of one of the two clients: `call("get_memory", "x", retry=…)`."""

    def call_blocking(name, *arguments, settings, fields):
        with Client(scripted.url, scripted.api_key, **settings) as client:
            return getattr(client, name)(*arguments, **fields)

    async def call_awaited(name, *arguments, settings, fields):
        async with AsyncClient(scripted.url, scripted.api_key, **settings) as client:
            return await getattr(client, name)(*arguments, **fields)

    def call(name, *arguments, retry=QUICK, timeouts=Timeouts(), agent_id="tester", **fields):  # noqa: B008
        settings = {"retry": retry, "timeouts": timeouts, "agent_id": agent_id}
        if request.param == "blocking":
            return call_blocking(name, *arguments, settings=settings, fields=fields)
        return asyncio.run(call_awaited(name, *arguments, settings=settings, fields=fields))

    return call


def test_a_memory_goes_out_and_an_answer_comes_back(call, scripted, answer):
    scripted.will_answer(answer(202, STORED))
    assert call("store_memory", content="x", tags=["a"], agent_id="Jörg 里").id == "0amfm0j0ye4sz"
    (sent,) = scripted.received
    assert (sent.method, sent.path) == ("POST", "/v1alpha2/mem9s/memories")
    assert json.loads(sent.body) == {"content": "x", "tags": ["a"]}
    assert sent.headers["x-api-key"] == scripted.api_key
    assert sent.headers["x-mnemo-agent-id"].encode("latin-1").decode() == "Jörg 里"


def test_a_path_an_update_and_an_empty_answer(call, scripted, answer, memory):
    scripted.will_answer(answer(200, memory), answer(204))
    assert call("update_memory", "0amfm0j0ye4sz", metadata=None, expected_version=2).version == 3
    assert call("delete_memory", "0amfm0j0ye4sz") is None
    update, delete = scripted.received
    assert (update.method, update.path) == ("PUT", "/v1alpha2/mem9s/memories/0amfm0j0ye4sz")
    assert json.loads(update.body) == {"metadata": None, "expected_version": 2}
    assert (delete.method, delete.body) == ("DELETE", b"")


def test_a_store_is_repeated_under_the_same_idempotency_key(call, scripted, answer, error_response):
    busy = error_response(503, "database_unavailable", Retry_After="0")
    scripted.will_answer(busy, answer(fate="break"), answer(202, STORED))
    assert call("store_memory", content="x").outcome == "created"
    keys = [sent.headers["idempotency-key"] for sent in scripted.received]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_two_stores_have_two_idempotency_keys_and_a_key_given_is_used(call, scripted, answer):
    scripted.will_answer(answer(202, STORED))
    call("store_memory", content="x")
    call("store_memory", content="x")
    call("store_memory", content="x", idempotency_key="mine")
    first, second, third = [sent.headers["idempotency-key"] for sent in scripted.received]
    assert first != second
    assert third == "mine"


def test_nothing_but_a_store_carries_an_idempotency_key(call, scripted, answer, memory):
    scripted.will_answer(answer(200, memory))
    call("update_memory", "x", content="y")
    call("get_memory", "x")
    assert all("idempotency-key" not in sent.headers for sent in scripted.received)


def test_a_read_is_repeated_when_the_connection_breaks(call, scripted, answer, memory):
    scripted.will_answer(answer(fate="break"), answer(200, memory))
    assert call("get_memory", "x").version == 3
    assert len(scripted.received) == 2


def test_an_update_is_not_repeated_when_its_outcome_is_unknown(call, scripted, answer, memory):
    scripted.will_answer(answer(fate="break"), answer(200, memory))
    with pytest.raises(ServerUnreachable, match="closed the connection"):
        call("update_memory", "x", content="y")
    assert len(scripted.received) == 1


def test_an_update_is_repeated_after_a_rate_limit(call, scripted, answer, error_response, memory):
    scripted.will_answer(error_response(429, "rate_limited", Retry_After="0"), answer(200, memory))
    assert call("update_memory", "x", content="y").version == 3
    assert len(scripted.received) == 2


def test_repeats_end_and_the_last_error_is_the_servers(call, scripted, error_response):
    scripted.will_answer(error_response(503, "database_unavailable", Retry_After="0"))
    with pytest.raises(DatabaseUnavailable) as caught:
        call("get_memory", "x")
    assert len(scripted.received) == 3
    assert caught.value.request_id == "request-1"


def test_the_wait_that_the_server_asks_for_is_kept(call, scripted, answer, error_response, memory):
    scripted.will_answer(error_response(503, "database_unavailable", Retry_After="1"), answer(200, memory))
    started = time.monotonic()
    call("get_memory", "x")
    assert time.monotonic() - started >= 1


def test_a_wait_longer_than_the_call_may_take_is_not_begun(call, scripted, error_response):
    scripted.will_answer(error_response(429, "rate_limited", Retry_After="3600"))
    with pytest.raises(RateLimited):  # an hour later otherwise
        call("get_memory", "x")
    assert len(scripted.received) == 1


def test_an_error_that_a_repeat_cannot_mend_is_raised_at_once(call, scripted, error_response):
    scripted.will_answer(error_response(404, "memory_not_found"))
    with pytest.raises(MemoryNotFound):
        call("get_memory", "x")
    assert len(scripted.received) == 1


@pytest.mark.parametrize("fate", ["hang", "trickle"])
def test_a_server_that_does_not_finish_is_given_up_after_the_time_out(call, scripted, answer, fate):
    scripted.will_answer(answer(fate=fate))
    with pytest.raises(ServerUnreachable, match=r"didn't respond within 0.3 s. Is mnemo-server running\?"):
        call("get_memory", "x", timeouts=Timeouts(usual_seconds=0.3))
    assert len(scripted.received) == 1


def test_a_search_has_a_time_out_of_its_own(call, scripted, answer):
    scripted.will_answer(answer(fate="hang"))
    with pytest.raises(ServerUnreachable, match=r"within 0.2 s"):
        call("list_memories", q="x", timeouts=Timeouts(usual_seconds=20, search_seconds=0.2))


def test_a_call_ends_with_its_time_however_patient_each_attempt_is(call, scripted, answer):
    scripted.will_answer(answer(fate="hang"))
    started = time.monotonic()
    with pytest.raises(ServerUnreachable):
        call("get_memory", "x", timeouts=Timeouts(usual_seconds=20), retry=RetryPolicy(total_seconds=0.3))
    assert time.monotonic() - started < 10, "an attempt alone may take 20 s"


def test_the_page_of_a_proxy_is_no_answer(call, scripted, answer):
    scripted.will_answer(answer(502, "<html>Bad gateway</html>", {"Content-Type": "text/html"}))
    with pytest.raises(UnexpectedResponse, match="<html>Bad gateway"):
        call("get_memory", "x")


def test_an_answer_that_claims_to_be_packed_and_is_not_is_no_answer(call, scripted, answer):
    scripted.will_answer(answer(200, "{}", {"Content-Encoding": "gzip"}))
    with pytest.raises(UnexpectedResponse, match="can't be decoded"):
        call("get_memory", "x")


def test_a_redirect_is_not_followed_with_the_key(call, scripted, answer):
    scripted.will_answer(answer(302, "", {"Location": "http://127.0.0.1:1/"}))
    with pytest.raises(UnexpectedResponse, match="returned 302"):
        call("get_memory", "x")


def test_a_proxy_of_the_environment_does_not_stand_before_this_machine(
    call, scripted, answer, memory, monkeypatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    scripted.will_answer(answer(200, memory))
    assert call("get_memory", "x", retry=ONCE).version == 3


def test_the_key_is_in_no_error_and_no_log(call, scripted, answer, error_response, caplog):
    caplog.set_level(logging.DEBUG)
    fates = [
        answer(fate="break"),
        answer(500, f"you sent {scripted.api_key}"),
        error_response(400, "invalid_api_key"),
    ]
    for fate in fates:
        scripted.will_answer(fate)
        with pytest.raises(MnemosError) as caught:
            call("get_memory", "x", retry=ONCE)
        assert scripted.api_key not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert scripted.api_key not in caplog.text


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_where_nothing_listens_the_error_says_where_and_what_to_try():
    url = f"http://127.0.0.1:{unused_port()}"
    with Client(url, "key", retry=QUICK) as client, pytest.raises(ServerUnreachable) as caught:
        client.get_health()
    assert str(caught.value).startswith(f"{url} can't be reached (")
    assert "Is mnemo-server running?" in str(caught.value)
    assert "MEM9_API_URL" in str(caught.value)


def test_without_a_key_nothing_is_sent(scripted):
    with Client(scripted.url, "") as client, pytest.raises(MissingApiKey):
        client.get_memory("x")
    assert scripted.received == []


def test_a_client_takes_what_it_is_not_given_from_the_environment(scripted, answer, memory, monkeypatch):
    monkeypatch.setenv("MEM9_API_URL", scripted.url)
    monkeypatch.setenv("MEM9_API_KEY", "from-the-environment")
    monkeypatch.setenv("MNEMOS_AGENT_ID", "agent-7")
    scripted.will_answer(answer(200, memory))
    with Client() as client:
        client.get_memory("x")
        assert client.url == scripted.url
    assert scripted.received[0].headers["x-api-key"] == "from-the-environment"
    assert scripted.received[0].headers["x-mnemo-agent-id"] == "agent-7"


def test_an_address_that_is_none_is_told_when_the_client_is_made():
    with pytest.raises(BadAddress):
        Client("localhost:8080", "key")


def test_the_repr_of_a_client_shows_where_it_speaks_to_but_not_its_key(scripted):
    with Client(scripted.url, scripted.api_key, agent_id="me") as client:
        assert repr(client) == f"Client(url='{scripted.url}', agent_id='me')"


def public_methods(client_class: type) -> dict[str, inspect.Signature]:
    members = inspect.getmembers(client_class, inspect.isfunction)
    return {name: inspect.signature(member) for name, member in members if not name.startswith("_")}


def test_both_clients_have_the_same_methods_with_the_same_signatures():
    assert public_methods(AsyncClient) == public_methods(Client)
    assert "store_memory" in public_methods(Client)
    assert inspect.signature(AsyncClient) == inspect.signature(Client)


def test_every_method_of_the_awaited_client_is_awaited():
    assert all(
        inspect.iscoroutinefunction(getattr(AsyncClient, name)) for name in public_methods(AsyncClient)
    )
    assert not any(inspect.iscoroutinefunction(getattr(Client, name)) for name in public_methods(Client))
