"""No token is spent beyond the day's budget, as counted by an endpoint that receives every request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.support.interfaces.rest import PARALLEL_STORES, RestApi, provision
from tests.support.models.counting_endpoint import CountingEndpoint, run_counting_endpoint
from tests.support.servers import RunningServer

STORES = 1_000
LIMIT = 6_000
#: Seconds until postponed work must be reported; a server checks the database every five.
SECONDS = 90
DAY_SECONDS = 86_400
OTHERS = "Another tenant's memory"
SENTENCES = (
    "Deploy number {} needs the VPN, and the staging database is rebuilt on Mondays.",
    "第{}次部署需要虚拟专用网络。",
    "def handler_{}(request): return db.fetch_all(request.query['id'])",
    "ERROR worker-{} /srv/app/models/user.py:313 0x7f69e4b92290",
)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def endpoint() -> Iterator[CountingEndpoint]:
    with run_counting_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def start_paid(start: Start, endpoint: CountingEndpoint, dsn: str) -> Callable[..., RunningServer]:
    """Starts servers on one database that get their vectors from the endpoint."""

    def start_paid(limit: int | str, **settings: str) -> RunningServer:
        return start(
            dsn,
            embedder="openai",
            embed_base_url=endpoint.base_url,
            embed_daily_tokens=str(limit),
            embed_price="0.02",
            **settings,
        )

    return start_paid


def read(api: RestApi, path: str) -> dict[str, Any]:
    answer = api.send("GET", path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def wait_for(is_so: Callable[[], bool]) -> None:
    """Check until it is so."""
    until = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < until, "it never was"
        time.sleep(0.05)


def is_at_rest(api: RestApi) -> bool:
    """Return whether every memory has a vector or waits for another day."""
    status = read(api, "/embedding")
    return status["state"] == "ready" and status["pending"] == status.get("waiting_for_budget", 0)


def is_settled(api: RestApi) -> bool:
    """Return whether no request is in flight: both servers may be sending the same text."""
    return all(day["reserved_tokens"] == 0 for day in read(api, "/usage")["days"])


def today() -> int:
    return int(time.time()) // DAY_SECONDS


def test_a_thousand_stores_through_two_servers_send_no_more_than_the_budget(
    start_paid: Callable[..., RunningServer], endpoint: CountingEndpoint
):
    first_day = today()
    servers = [start_paid(LIMIT)]
    key = servers[0].api_key
    servers.append(start_paid(LIMIT, api_key=key))
    other_key = provision(servers[1].url)
    with (
        RestApi(servers[0].url, key) as one,
        RestApi(servers[1].url, key) as two,
        RestApi(servers[1].url, other_key) as other,
    ):
        texts = [SENTENCES[number % len(SENTENCES)].format(number) for number in range(STORES)]
        with ThreadPoolExecutor(PARALLEL_STORES) as pool:
            list(pool.map(lambda api, text: api.store(text), cycle((one, two)), texts))
        other.store_many(f"{OTHERS} {number}" for number in range(5))
        wait_for(lambda: all(is_at_rest(api) and is_settled(api) for api in (one, two, other)))
        status, usage = read(one, "/embedding"), read(one, "/usage")
        sent = endpoint.count(text for text in endpoint.texts if OTHERS not in text)

        assert sent <= LIMIT * (today() - first_day + 1)
        assert sent > LIMIT * 0.9
        assert sum(day["input_tokens"] for day in usage["days"]) == sent
        assert sum(day["reserved_tokens"] for day in usage["days"]) == 0
        assert sum(round(day["cost"] * 1e9) for day in usage["days"]) == sent * 20
        assert status["total"] == STORES == status["embedded"] + status["pending"]
        assert status["waiting_for_budget"] > STORES / 2
        assert read(other, "/embedding")["embedded"] == 5
        for api in (one, two):
            assert [api.contents(q=f"handler_{number}")[0] for number in (2, 998)] == [texts[2], texts[998]]
        assert endpoint.tokens <= (LIMIT + 100) * (today() - first_day + 1)


def test_a_raised_budget_embeds_the_memories_that_waited(
    start_paid: Callable[..., RunningServer], endpoint: CountingEndpoint
):
    server = start_paid(100)
    key = server.api_key
    with RestApi(server.url, key) as api:
        api.store_many(SENTENCES[0].format(number) for number in range(40))
        wait_for(lambda: is_at_rest(api))
        assert read(api, "/embedding")["waiting_for_budget"] > 30
    assert server.stop() == 0
    with RestApi(start_paid("", api_key=key).url, key) as api:
        wait_for(lambda: is_at_rest(api))
        status, usage = read(api, "/embedding"), read(api, "/usage")
    assert (status["embedded"], status["pending"]) == (40, 0)
    assert sum(day["input_tokens"] for day in usage["days"]) == endpoint.tokens
    assert len(set(endpoint.texts)) == len(endpoint.texts) == 40


def test_tokens_that_a_server_sent_before_it_died_stay_spent(
    start_paid: Callable[..., RunningServer], endpoint: CountingEndpoint
):
    first_day = today()
    endpoint.gate.clear()
    server = start_paid(200)
    with RestApi(server.url, server.api_key) as api:
        api.store("Deploys need the VPN, and the staging database is rebuilt on Mondays.")
        assert endpoint.hanging.wait(SECONDS)
        assert read(api, "/usage")["days"][0]["reserved_tokens"] >= endpoint.tokens
    server.kill()
    endpoint.gate.set()
    later = start_paid(200, api_key=server.api_key)
    with RestApi(later.url, server.api_key) as api:
        wait_for(lambda: read(api, "/embedding")["embedded"] == 1)
        api.store_many(SENTENCES[0].format(number) for number in range(40))
        wait_for(lambda: is_at_rest(api))
        days = read(api, "/usage")["days"]
    lost = sum(day["reserved_tokens"] for day in days)
    assert lost > 0
    assert endpoint.tokens <= 200 * (today() - first_day + 1)
    assert sum(day["input_tokens"] for day in days) + lost >= endpoint.tokens


def test_a_budget_of_zero_sends_nothing(start_paid: Callable[..., RunningServer], endpoint: CountingEndpoint):
    server = start_paid(0)
    with RestApi(server.url, server.api_key) as api:
        memories = api.store_many(SENTENCES[0].format(number) for number in range(20))
        assert read(api, "/embedding")["state"] == "off"
        assert {memory["id"] for memory in api.page(q="staging", limit=50)["memories"]} == {
            memory["id"] for memory in memories
        }
    assert server.stop() == 0
    assert (endpoint.texts, endpoint.requests) == ([], 0)
