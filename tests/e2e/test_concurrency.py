"""Many writers at once, through two servers on one database: no duplicate version, no lost update."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import cycle

import httpx2
import pytest
from mnemo_server.domain.ids import decode_id

from tests.support.databases import peek
from tests.support.databases.engines import ENGINES, empty_database
from tests.support.interfaces.rest import make_messages, provision
from tests.support.servers import start_server

WRITERS = 50
CAREFUL_WRITERS = 25

EVENTS = "SELECT version, action, agent_id, prior FROM events WHERE memory_id = :id ORDER BY version, id;"

Pair = tuple[str, list[str]]


@pytest.fixture(scope="module", params=ENGINES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A database and the URLs of two servers on it."""
    folder = tmp_path_factory.mktemp("pair")
    with empty_database(request.param, request, folder) as dsn:
        servers = [start_server(folder / name, dsn, provision_per_hour="0") for name in ("one", "two")]
        yield dsn, [server.url for server in servers]
        assert [server.stop() for server in servers] == [0, 0]


@pytest.fixture
def dsn(pair: Pair) -> str:
    """The database."""
    return pair[0]


@pytest.fixture
async def clients(pair: Pair) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """A client of each server, both as the same new tenant."""
    urls = pair[1]
    key = await asyncio.to_thread(provision, urls[0])
    async with open_client(urls[0], key) as one, open_client(urls[1], key) as two:
        yield [one, two]


async def read_events(dsn: str, memory_id: str) -> list:
    """Return what happened to a memory, from the event log."""
    return await asyncio.to_thread(peek.fetch_rows, dsn, EVENTS, {"id": decode_id(memory_id)})


def open_client(url: str, key: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=f"{url}/v1alpha2/mem9s",
        headers={"X-API-Key": key},
        timeout=30,
        trust_env=False,
        limits=httpx2.Limits(max_connections=WRITERS, max_keepalive_connections=WRITERS),
    )


async def on_both(
    clients: list[httpx2.AsyncClient],
    count: int,
    act: Callable[[httpx2.AsyncClient, int], Awaitable[object]],
) -> list:
    """Call `act` `count` times at once, alternating between both servers."""
    return await asyncio.gather(
        *(act(client, n) for n, client in zip(range(count), cycle(clients), strict=False))
    )


async def store(client: httpx2.AsyncClient, content: str) -> str:
    answer = await client.post("/memories", json={"content": content})
    assert answer.status_code == 202, answer.text
    memory_id: str = answer.json()["id"]
    return memory_id


async def test_fifty_writers_of_one_memory_create_every_version_exactly_once(
    clients: list[httpx2.AsyncClient], dsn: str
):
    memory_id = await store(clients[0], "text 1")

    async def write(client: httpx2.AsyncClient, number: int) -> dict:
        agent = {"X-Mnemo-Agent-Id": f"agent-{number}"}
        answer = await client.put(f"/memories/{memory_id}", json={"content": f"by {number}"}, headers=agent)
        assert answer.status_code == 200, answer.text
        return answer.json()

    answers = await on_both(clients, WRITERS, write)
    assert sorted(answer["version"] for answer in answers) == list(range(2, WRITERS + 2))
    last = max(answers, key=lambda answer: answer["version"])
    for client in clients:
        assert (await client.get(f"/memories/{memory_id}")).json() == last
    check_events(await read_events(dsn, memory_id), answers)
    assert await asyncio.to_thread(peek.find_broken_pairs, dsn) == {}


def check_events(events: list, answers: list[dict]) -> None:
    """Check that the log has every version once, by its writer, with the state that it replaced."""
    content = {1: "text 1"} | {answer["version"]: answer["content"] for answer in answers}
    agents = {1: None} | {answer["version"]: answer["updated_by"] for answer in answers}
    assert [event["version"] for event in events] == list(range(1, WRITERS + 2))
    assert [event["action"] for event in events] == ["created"] + ["updated"] * WRITERS
    assert {event["version"]: event["agent_id"] for event in events} == agents
    for event in events[1:]:
        prior = json.loads(event["prior"])
        assert (prior["version"], prior["content"]) == (event["version"] - 1, content[event["version"] - 1])


async def test_writers_that_expect_a_version_lose_no_update(clients: list[httpx2.AsyncClient]):
    memory_id = await store(clients[0], "start")

    async def append(client: httpx2.AsyncClient, number: int) -> int:
        current = (await client.get(f"/memories/{memory_id}")).json()
        for _ in range(WRITERS * WRITERS):
            body = {"content": f"{current['content']} {number}", "expected_version": current["version"]}
            answer = await client.put(f"/memories/{memory_id}", json=body)
            if answer.status_code == 200:
                return answer.json()["version"]
            assert answer.status_code == 412, answer.text
            current = answer.json()["fields"]["current"]
        raise AssertionError("never got its turn")

    versions = await on_both(clients, CAREFUL_WRITERS, append)
    assert sorted(versions) == list(range(2, CAREFUL_WRITERS + 2))
    final = (await clients[1].get(f"/memories/{memory_id}")).json()
    words = final["content"].split()
    assert (words[0], sorted(map(int, words[1:]))) == ("start", list(range(CAREFUL_WRITERS)))


async def test_a_delete_is_final_among_many_deletes_and_updates_at_once(
    clients: list[httpx2.AsyncClient], dsn: str
):
    memory_id = await store(clients[0], "soon gone")

    async def act(client: httpx2.AsyncClient, number: int) -> tuple[str, int]:
        if number % 5 == 2:
            return "delete", (await client.delete(f"/memories/{memory_id}")).status_code
        return "update", (await client.put(f"/memories/{memory_id}", json={})).status_code

    outcomes = await on_both(clients, WRITERS, act)
    assert {status for kind, status in outcomes if kind == "delete"} == {204}
    assert {status for kind, status in outcomes if kind == "update"} <= {200, 404}
    for client in clients:
        assert (await client.get(f"/memories/{memory_id}")).status_code == 404
    events = await read_events(dsn, memory_id)
    actions = [event["action"] for event in events]
    updates = outcomes.count(("update", 200))
    assert actions == ["created", *["updated"] * updates, "deleted"]
    assert [event["version"] for event in events] == list(range(1, updates + 3))
    assert await asyncio.to_thread(peek.find_broken_pairs, dsn) == {}


async def test_windows_of_one_session_sent_at_once_are_kept_once(clients: list[httpx2.AsyncClient], dsn: str):
    texts = [f"turn {number}" for number in range(12)]

    async def capture(client: httpx2.AsyncClient, _number: int) -> int:
        answer = await client.post("/memories", json={"session_id": "s", "messages": make_messages(*texts)})
        assert answer.status_code == 202, answer.text
        return answer.json()["stored"]

    stored = await on_both(clients, WRITERS, capture)
    assert sorted(stored) == [0] * (WRITERS - 1) + [len(texts)]
    messages = (await clients[0].get("/session-messages?session_id=s")).json()["messages"]
    assert [(one["seq"], one["content"]) for one in messages] == list(enumerate(texts))
    assert await asyncio.to_thread(peek.find_broken_pairs, dsn) == {}


async def test_tags_changed_by_many_at_once_are_those_of_the_last_version(
    clients: list[httpx2.AsyncClient],
):
    memory_id = await store(clients[0], "tagged")

    async def tag(client: httpx2.AsyncClient, number: int) -> dict:
        answer = await client.put(f"/memories/{memory_id}", json={"tags": [f"t{number}", "all"]})
        assert answer.status_code == 200, answer.text
        return answer.json()

    answers = await on_both(clients, WRITERS, tag)
    last = max(answers, key=lambda answer: answer["version"])
    for answer in answers:
        for query in ("", "q=tagged&"):
            page = (await clients[0].get(f"/memories?{query}tags={answer['tags'][0]}")).json()
            assert page["total"] == (answer["tags"] == last["tags"])


async def test_tenants_created_at_once_are_all_different(pair: Pair):
    urls = pair[1] * (WRITERS // 2)
    keys = await asyncio.gather(*(asyncio.to_thread(provision, url) for url in urls))
    assert len(set(keys)) == WRITERS
