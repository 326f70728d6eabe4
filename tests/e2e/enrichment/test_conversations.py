"""Conversations that several agents send at once, in overlapping windows, through two servers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from tests.support.databases.engines import ENGINES, empty_database
from tests.support.interfaces.rest import provision
from tests.support.servers import start_server

TURNS = 200
WINDOWS = 20
AGENTS = ("claude-code", "opencode", "openclaw")
#: Some turns repeat the text of others, as people do.
CONVERSATION = [
    {
        "role": ("user", "assistant")[place % 2],
        "content": "yes" if place % 7 == 0 else f"turn {place}: the keel",
    }
    for place in range(TURNS)
]


@pytest.fixture(scope="module", params=ENGINES)
def urls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Two servers on one database."""
    folder = tmp_path_factory.mktemp("conversations")
    with empty_database(request.param, request, folder) as dsn:
        servers = [start_server(folder / name, dsn, provision_per_hour="0") for name in ("one", "two")]
        yield [server.url for server in servers]
        assert [server.stop() for server in servers] == [0, 0]


@pytest.fixture
async def agents(urls: list[str]) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """Three agents of one new tenant, spread over both servers."""
    key = await asyncio.to_thread(provision, urls[0])
    clients = [
        httpx2.AsyncClient(
            base_url=f"{urls[number % 2]}/v1alpha2/mem9s",
            headers={"X-API-Key": key, "X-Mnemo-Agent-Id": name},
            timeout=30,
            trust_env=False,
        )
        for number, name in enumerate(AGENTS)
    ]
    yield clients
    await asyncio.gather(*(client.aclose() for client in clients))


def make_windows(*, numbered: bool) -> list[list[dict]]:
    """Cut the conversation into windows that overlap by two thirds; the last one ends it."""
    step = TURNS // WINDOWS
    turns = [turn | ({"seq": place} if numbered else {}) for place, turn in enumerate(CONVERSATION)]
    return [turns[max(0, end - 3 * step) : end] for end in range(step, TURNS + 1, step)]


async def send_all(agent: httpx2.AsyncClient, windows: list[list[dict]]) -> int:
    """Send window after window; return how many messages were new."""
    stored = 0
    for messages in windows:
        answer = await agent.post("/memories", json={"session_id": "s", "messages": messages})
        assert answer.status_code == 202, answer.text
        told = answer.json()
        assert told["stored"] + told["duplicates"] == len(messages)
        stored += told["stored"]
    return stored


@pytest.mark.parametrize("numbered", [True, False], ids=["with seq", "without seq"])
async def test_each_message_is_there_once_and_in_order(agents: list[httpx2.AsyncClient], numbered: bool):
    """With sequence numbers, windows may arrive in any order; without, each agent sends them as they grew."""
    windows = [make_windows(numbered=numbered) for _ in agents]
    if numbered:
        for number, own in enumerate(windows):
            random.Random(number).shuffle(own)

    stored = await asyncio.gather(*(send_all(*one) for one in zip(agents, windows, strict=True)))

    assert sum(stored) == TURNS
    answer = await agents[0].get("/session-messages", params={"session_id": "s"})
    messages = answer.json()["messages"]
    assert [one["seq"] for one in messages] == list(range(TURNS))
    assert [{"role": one["role"], "content": one["content"]} for one in messages] == CONVERSATION
