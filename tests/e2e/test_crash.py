"""kill -9 in the middle of many stores: everything acknowledged is there afterwards, complete."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

import httpx2

from tests.e2e.conftest import Start
from tests.support.databases import peek
from tests.support.interfaces.rest import RestApi, make_messages
from tests.support.servers import RunningServer

ROUNDS = 3
STORES = 500
CONNECTIONS = 40
SEED = 20_261_123


@dataclass
class Acknowledged:
    """What the server acknowledged, by the text of a memory or the name of a session."""

    kill_after: int
    memories: dict[str, str] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    is_killed: bool = False

    @property
    def count(self) -> int:
        return len(self.memories) + len(self.sessions)


async def test_every_acknowledged_store_survives_kill_9(dsn: str, start: Start):
    moments = random.Random(SEED)
    key, memories, sessions = "", {}, set()
    for round_number in range(ROUNDS):
        server = await asyncio.to_thread(start, dsn, api_key=key)
        key = server.api_key
        acknowledged = Acknowledged(kill_after=moments.randrange(1, STORES - CONNECTIONS))
        await store_until_killed(server, round_number, acknowledged)
        assert acknowledged.is_killed
        assert acknowledged.kill_after <= acknowledged.count < STORES
        memories |= acknowledged.memories
        sessions |= acknowledged.sessions
    server = await asyncio.to_thread(start, dsn, api_key=key)
    await asyncio.to_thread(check_everything_is_there, server, memories, sessions)
    assert await asyncio.to_thread(peek.find_broken_pairs, dsn) == {}


async def store_until_killed(server: RunningServer, round_number: int, acknowledged: Acknowledged) -> None:
    """Store from many connections; kill the server at a random acknowledgement."""
    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx2.AsyncClient(
        base_url=f"{server.url}/v1alpha2/mem9s",
        headers={"X-API-Key": server.api_key},
        timeout=30,
        limits=limits,
        trust_env=False,
    ) as client:
        names = [f"r{round_number}n{number}q" for number in range(STORES)]
        await asyncio.gather(*(store_one(client, name, server, acknowledged) for name in names))


async def store_one(
    client: httpx2.AsyncClient, name: str, server: RunningServer, acknowledged: Acknowledged
) -> None:
    """Store a memory, or for every fifth name a window of three messages."""
    is_session = name.endswith(("0q", "5q"))
    body = (
        {"session_id": name, "messages": make_messages("a", "b", name)} if is_session else {"content": name}
    )
    try:
        answer = await client.post("/memories", json=body)
    except httpx2.TransportError:
        assert acknowledged.is_killed
        return
    assert answer.status_code == 202, answer.text
    if is_session:
        acknowledged.sessions.add(name)
    else:
        acknowledged.memories[name] = answer.json()["id"]
    if acknowledged.count >= acknowledged.kill_after and not acknowledged.is_killed:
        acknowledged.is_killed = True
        server.process.kill()


def check_everything_is_there(server: RunningServer, memories: dict[str, str], sessions: set[str]) -> None:
    """Check that lists, searches and sessions of a new process have all that the killed ones acknowledged."""
    with RestApi(server.url, server.api_key) as api:
        listed = {memory["content"]: memory["id"] for page in api.pages(200) for memory in page["memories"]}
        assert memories.items() <= listed.items()
        for name in random.Random(SEED).sample(sorted(memories), 20):
            assert api.contents(q=name) == [name]
        held: dict[str, list[str]] = {}
        names = sorted(sessions)
        for begin in range(0, len(names), 100):
            for message in api.messages(*names[begin : begin + 100]):
                held.setdefault(message["session_id"], []).append(message["content"])
        assert held == {name: ["a", "b", name] for name in names}
