"""Repeats and superseding with concurrent writers, as far as stores decide about it."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.database import Database
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.queries import load_queries
from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.ids import IdSource, encode_id
from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.memories.memory import Changes, likeness_of, revise
from mnemo_server.domain.memories.past import bring_back
from mnemo_server.services.indexing import index_memory
from mnemo_server.services.memories.wire import to_wire
from mnemo_server.stores.memories.current import CurrentMemories
from mnemo_server.stores.memories.write import MemoryWriter
from mnemo_server.stores.opening import Stores, open_stores
from mnemo_server.stores.records import NewKey, Stored, WrittenMemory

from server.tests.live.factories import ACTOR, TENANT, make_memory, store


def make_with_likeness(memory_id: int, content: str, **fields: object) -> WrittenMemory:
    """Return a memory with the likeness by which repeats are found."""
    written = make_memory(memory_id, content, **fields)
    return dataclasses.replace(
        written, memory=dataclasses.replace(written.memory, likeness=likeness_of(written.memory))
    )


@pytest.fixture
async def servers(database_dsn: str, stores: Stores):
    """The stores of two servers on one database."""
    other = await connect(parse_dsn(database_dsn))
    try:
        yield stores, open_stores(other, IdSource(system_clock), system_clock)
    finally:
        await other.close()


async def test_concurrent_repeats_are_stored_once(servers: tuple[Stores, Stores]):
    stores = [store(servers[number % 2], make_with_likeness(number, "the same")) for number in range(1, 41)]

    results = await asyncio.gather(*stores)

    assert all(isinstance(one, Stored) for one in results)
    assert sum(one.is_new for one in results) == 1
    assert len({one.memory.id for one in results}) == 1


async def create_tenant(stores: Stores) -> None:
    await stores.tenants.create(TENANT, "test", NewKey(1, bytes(32)), system_clock())


async def list_ids(stores: Stores, **wanted: object) -> list[int]:
    page, total = await stores.memories.list_page(TENANT, MemoryFilter(**wanted), limit=200, offset=0)  # type: ignore[arg-type]
    assert total == len(page)
    return [memory.id for memory in page]


async def test_concurrent_stores_of_one_subject_leave_one_current(servers: tuple[Stores, Stores]):
    await create_tenant(servers[0])
    stores = [
        store(servers[number % 2], make_with_likeness(number, f"port {number}", subject="port"))
        for number in range(1, 41)
    ]

    results = await asyncio.gather(*stores)

    (current,) = await list_ids(servers[0], subject="port")
    superseded = [one for result in results if isinstance(result, Stored) for one in result.superseded]
    assert sorted([current, *superseded]) == list(range(1, 41))
    everything = await servers[1].memories.find_many(TENANT, range(1, 41))
    chain = sorted(everything.values(), key=lambda memory: memory.created_at)
    assert [memory.superseded_by for memory in chain] == [*(memory.id for memory in chain[1:]), None]
    assert [memory.superseded_at for memory in chain[:-1]] == [memory.created_at for memory in chain[1:]]


async def test_concurrent_restores_and_stores_of_one_subject_leave_one_current(
    servers: tuple[Stores, Stores],
):
    await create_tenant(servers[0])
    for number in range(1, 6):
        await store(servers[0], make_with_likeness(number, f"port {number}", subject="port"))

    def restore_memory(current, earlier, now):
        return index_memory(bring_back(current, earlier, agent_id="ann", now=now))

    restores = [
        servers[number % 2].restorer.restore(
            TENANT, number % 5 + 1, None, ACTOR, revive=restore_memory, respond=to_wire
        )
        for number in range(20)
    ]
    stores = [
        store(servers[number % 2], make_with_likeness(number, f"port {number}", subject="port"))
        for number in range(6, 16)
    ]
    await asyncio.gather(*restores, *stores)

    assert len(await list_ids(servers[0], subject="port")) == 1
    assert len(await list_ids(servers[0], subject="port", with_superseded=True)) == 15


async def test_a_concurrent_update_and_superseding_are_both_kept(servers: tuple[Stores, Stores]):
    await create_tenant(servers[0])
    await store(servers[0], make_with_likeness(1, "port 1", subject="port"))

    def change(current):
        return index_memory(revise(current, Changes(tags=("changed",)), agent_id="bob", now=system_clock()))

    updates = [servers[0].memories.update(TENANT, 1, change, ACTOR) for _ in range(10)]
    stores = [
        store(servers[1], make_with_likeness(number, f"port {number}", subject="port"))
        for number in range(2, 6)
    ]
    await asyncio.gather(*updates, *stores)

    old = (await servers[0].memories.find_many(TENANT, [1]))[1]
    assert (old.version, old.tags) == (12, ("changed",))
    assert old.superseded_by is not None
    assert len(await list_ids(servers[0], subject="port")) == 1


async def test_memories_written_in_another_transaction_supersede_too(
    stores: Stores, database: Database, ids: IdSource
):
    """Like a job that writes several facts and removes its items in one transaction."""
    await store(stores, make_with_likeness(1, "old", tags=("a",)))
    writer = MemoryWriter(
        load_queries("memories", database.variant), load_queries("search_entries", database.variant), ids
    )
    places = CurrentMemories(load_queries("memories", database.variant))
    fact = make_with_likeness(2, "new", derived_from=(1,))

    async def work(tx):
        await places.lock(tx, TENANT)
        held = await places.lock_memory(tx, TENANT, 1)
        entries = await writer.supersede(tx, [held], 2, ACTOR, now=7, detail={"reason": "x", "merge": True})
        await writer.insert(tx, (fact,), ACTOR, {"job_id": "j"})
        return entries

    (entry,) = await database.transact(work)

    assert await list_ids(stores) == [2]
    assert (await stores.entries.get_entries(TENANT, [1])) == [entry]
    history = await stores.history.find_history(TENANT, 1, 10)
    assert history is not None
    assert json.loads(history[1][0].detail) == {"reason": "x", "merge": True, "by": encode_id(2)}
    created = await stores.history.find_history(TENANT, 2, 10)
    assert created is not None
    assert json.loads(created[1][0].detail) == {"job_id": "j"}


async def test_round_trips_of_superseding_stay_within_their_limit(stores: Stores, database: Database):
    """A store without a subject reads nothing; one with a subject reads three times and changes two rows."""
    begin_count = 1 if database.engine == "sqlite" else 0

    async def cost(written: WrittenMemory) -> int:
        before = database.round_trips
        await store(stores, written)
        return database.round_trips - before

    assert await cost(make_with_likeness(1, "port 1")) == 4 + begin_count
    assert await cost(make_with_likeness(2, "port 2", subject="port")) == 7 + begin_count
    assert await cost(make_with_likeness(3, "port 3", subject="port")) <= 11 + begin_count
