from __future__ import annotations

import asyncio
import dataclasses
import json

import pytest
from mnemo_server.db.database import Database
from mnemo_server.db.errors import WriteConflict
from mnemo_server.db.queries import parse_queries
from mnemo_server.domain.idempotency import IdempotentRequest, KeptResponse
from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.memories.memory import Actor, Changes, StoredMemory, revise
from mnemo_server.services.indexing import index_memory
from mnemo_server.stores.opening import Stores
from mnemo_server.stores.records import Stored, WrittenMemory

from server.tests.live.factories import ACTOR, TENANT, StoredId, make_memory, store

AWKWARD = "quotes ' \" ` percent % %s %(x)s backslash \\ colon :id newline\n tab\t emoji 🐙 中文 \u200b é end"

HISTORY = """
-- name: list_events
SELECT * FROM events WHERE tenant_id = 1 AND memory_id = :memory_id ORDER BY id;
"""


def make_change(**changes: object):
    """Return a revision with these changes."""

    def next_version(current: StoredMemory) -> WrittenMemory:
        return index_memory(revise(current, Changes(**changes), agent_id="bob", now=current.updated_at + 5))  # type: ignore[arg-type]

    return next_version


async def history(database: Database, memory_id: int) -> list[dict]:
    queries = parse_queries(HISTORY, database.variant, origin=__name__)
    return [dict(row) for row in await database.fetch_all(queries.list_events, {"memory_id": memory_id})]


async def test_a_memory_is_read_as_it_was_stored(stores: Stores):
    written = make_memory(
        11,
        AWKWARD,
        tags=("b", "a", AWKWARD[:50]),
        metadata=json.dumps({"k": AWKWARD, "n": 1.0}),
        source="s",
        agent_id="ann",
        session_id="s-1",
        project="p",
        updated_by="ann",
        content_hash=bytes(range(32)),
    )

    await store(stores, written)

    assert await stores.memories.find(TENANT, 11) == written.memory


async def test_memories_of_another_tenant_do_not_exist(stores: Stores):
    await store(stores, make_memory(11))

    assert await stores.memories.find(2, 11) is None
    assert await stores.memories.find_many(2, [11]) == {}
    assert await stores.memories.update(2, 11, make_change(content="x"), ACTOR) is None
    assert await stores.memories.delete(2, [11], ACTOR, 5) == []
    assert not await stores.memories.exists(2, 11)
    assert await stores.memories.list_page(2, MemoryFilter(), limit=10, offset=0) == ([], 0)


async def test_a_creation_is_logged_without_a_prior_state(stores: Stores, database: Database):
    written = make_memory(11)

    await store(stores, written)

    (event,) = await history(database, 11)
    assert (event["action"], event["version"], event["prior"]) == ("created", 1, None)
    assert (event["agent_id"], event["key_id"], event["request_id"]) == ("ann", 9, "r-1")
    assert event["happened_at"] == written.memory.created_at


async def test_an_update_is_a_new_version_and_the_old_one_is_logged(stores: Stores, database: Database):
    await store(stores, make_memory(11, "old", tags=("x",)))

    updated = await stores.memories.update(TENANT, 11, make_change(content="new"), ACTOR)

    found = await stores.memories.find(TENANT, 11)
    assert updated is not None
    assert found == updated.memory
    assert (found.content, found.version, found.tags) == ("new", 2, ("x",))
    event = (await history(database, 11))[-1]
    assert (event["action"], event["version"]) == ("updated", 2)
    assert json.loads(event["prior"])["content"] == "old"


async def test_new_tags_replace_the_old_ones(stores: Stores):
    await store(stores, make_memory(11, tags=("x", "y")))

    await stores.memories.update(TENANT, 11, make_change(tags=("y", "z")), ACTOR)

    for tag, count in (("x", 0), ("y", 1), ("z", 1)):
        _, total = await stores.memories.list_page(TENANT, MemoryFilter(tags=(tag,)), limit=10, offset=0)
        assert total == count, tag


async def test_a_revision_that_raises_an_error_changes_nothing(stores: Stores, database: Database):
    await store(stores, make_memory(11, "old"))

    def refuse(current: StoredMemory) -> WrittenMemory:
        raise LookupError(current.content)

    with pytest.raises(LookupError, match="old"):
        await stores.memories.update(TENANT, 11, refuse, ACTOR)

    assert (await stores.memories.find(TENANT, 11)).version == 1  # type: ignore[union-attr]
    assert len(await history(database, 11)) == 1


async def test_fifty_concurrent_updates_are_fifty_versions(stores: Stores):
    await store(stores, make_memory(11))

    updates = [stores.memories.update(TENANT, 11, make_change(), ACTOR) for _ in range(50)]
    versions = [one.memory.version for one in await asyncio.gather(*updates) if one]

    assert sorted(versions) == list(range(2, 52))


async def test_a_deleted_memory_is_hidden_but_its_state_is_logged(stores: Stores, database: Database):
    await store(stores, make_memory(11, "secret"))
    await store(stores, make_memory(12))

    deleted = await stores.memories.delete(TENANT, [11, 12, 99], Actor("eve", 3, "r-2"), 77)

    assert [(one.id, one.version, one.deleted_at) for one in deleted] == [(11, 2, 77), (12, 2, 77)]
    assert await stores.memories.find(TENANT, 11) is None
    assert await stores.memories.exists(TENANT, 11)
    assert not await stores.memories.exists(TENANT, 99)
    assert await stores.memories.update(TENANT, 11, make_change(content="x"), ACTOR) is None
    assert await stores.memories.delete(TENANT, [11, 12], ACTOR, 78) == []
    event = (await history(database, 11))[-1]
    assert (event["action"], event["version"], event["agent_id"]) == ("deleted", 2, "eve")
    assert json.loads(event["prior"])["content"] == "secret"


async def test_a_thousand_memories_can_be_deleted_at_once(stores: Stores):
    for memory_id in range(1, 31):
        await store(stores, make_memory(memory_id))

    deleted = await stores.memories.delete(TENANT, range(1, 1_001), ACTOR, 5)

    assert len(deleted) == 30


async def test_lists_are_ordered_by_the_latest_change_and_have_a_total(stores: Stores):
    for memory_id, changed in ((1, 100), (2, 300), (3, 200), (4, 200)):
        await store(stores, make_memory(memory_id, updated_at=changed))

    first, total = await stores.memories.list_page(TENANT, MemoryFilter(), limit=3, offset=0)
    rest, _ = await stores.memories.list_page(TENANT, MemoryFilter(), limit=3, offset=3)

    assert [memory.id for memory in first + rest] == [2, 4, 3, 1]
    assert total == 4


async def test_pages_with_equal_times_neither_repeat_nor_skip_memories(stores: Stores):
    for memory_id in range(1, 41):
        await store(stores, make_memory(memory_id, updated_at=5))

    seen = []
    for offset in range(0, 40, 7):
        page, _ = await stores.memories.list_page(TENANT, MemoryFilter(), limit=7, offset=offset)
        seen += [memory.id for memory in page]

    assert seen == list(range(40, 0, -1))


FILTERS = [
    (MemoryFilter(tags=("a",)), {1, 2}),
    (MemoryFilter(tags=("a", "b")), {2}),
    (MemoryFilter(tags_any=("b", "c")), {2, 3}),
    (MemoryFilter(tags=("a",), tags_any=("b", "c")), {2}),
    (MemoryFilter(source="cli"), {1}),
    (MemoryFilter(agent_id="ann"), {1, 2}),
    (MemoryFilter(session_id="s"), {3}),
    (MemoryFilter(project="p"), {2}),
    (MemoryFilter(memory_types=("pinned",)), {3}),
    (MemoryFilter(memory_types=("pinned", "insight")), {1, 2, 3}),
    (MemoryFilter(memory_types=("session",)), set()),
    (MemoryFilter(agent_id="ann", project="p", tags=("b",)), {2}),
    (MemoryFilter(tags=("A",)), set()),
    (MemoryFilter(states=("archived",)), {5}),
    (MemoryFilter(states=("active", "archived", "deleted", "paused")), {1, 2, 3, 5}),
]


@pytest.mark.parametrize(("memory_filter", "expected"), FILTERS)
async def test_all_conditions_of_a_filter_apply(
    stores: Stores, memory_filter: MemoryFilter, expected: set[int]
):
    await store(stores, make_memory(1, tags=("a",), source="cli", agent_id="ann"))
    await store(stores, make_memory(2, tags=("a", "b"), agent_id="ann", project="p"))
    pinned = make_memory(3, tags=("c",), session_id="s", memory_type="pinned")
    await store(stores, pinned)
    await store(stores, make_memory(4, memory_type="session", session_id="s", seq=0))
    await store(stores, make_memory(5, state="archived"))

    page, total = await stores.memories.list_page(TENANT, memory_filter, limit=10, offset=0)

    assert {memory.id for memory in page} == expected
    assert total == len(expected)
    assert all(memory_filter.admits(memory) for memory in page)


IDEMPOTENCY = IdempotentRequest("k", b"r" * 32)


async def test_a_repeated_key_gets_the_first_response_and_stores_nothing(stores: Stores):
    created = await stores.creator.create(
        make_memory(11), ACTOR, lambda stored: StoredId(id=stored.memory.id), IDEMPOTENCY
    )

    kept = await store(stores, make_memory(12), IdempotentRequest("k", b"s" * 32))

    assert isinstance(created, tuple)
    assert created[1].json == b'{"id":11}'
    assert kept == KeptResponse(b"r" * 32, b'{"id":11}')
    assert await stores.memories.find(TENANT, 12) is None


async def test_concurrent_requests_with_one_key_store_once(stores: Stores):
    creations = [store(stores, make_memory(memory_id), IDEMPOTENCY) for memory_id in range(1, 11)]

    outcomes = await asyncio.gather(*creations)

    assert sum(isinstance(outcome, Stored) for outcome in outcomes) == 1
    found = await stores.memories.find_many(TENANT, range(1, 11))
    assert len(found) == 1


async def test_keys_belong_to_a_tenant(stores: Stores):
    other = make_memory(12, tenant_id=2)
    await store(stores, make_memory(11), IDEMPOTENCY)

    assert isinstance(await store(stores, other, IDEMPOTENCY), Stored)


async def test_a_key_can_be_used_again_once_its_response_is_removed(stores: Stores):
    await store(stores, make_memory(11), IDEMPOTENCY)

    assert await stores.tenants.remove_responses(2**62) == 1
    assert isinstance(await store(stores, make_memory(12), IDEMPOTENCY), Stored)


async def test_two_equal_ids_are_a_conflict_and_nothing_is_overwritten(stores: Stores):
    await store(stores, make_memory(11, "first"))

    with pytest.raises(WriteConflict):
        await store(stores, make_memory(11, "second"))

    assert (await stores.memories.find(TENANT, 11)).content == "first"  # type: ignore[union-attr]


async def test_a_failed_store_leaves_nothing_behind(stores: Stores, database: Database):
    broken = make_memory(11, tags=("same", "same"))

    with pytest.raises(WriteConflict):
        await store(stores, broken)

    assert not await stores.memories.exists(TENANT, 11)
    assert await history(database, 11) == []
    clean = dataclasses.replace(broken, memory=dataclasses.replace(broken.memory, tags=("same",)))
    await store(stores, clean)


async def test_round_trips_stay_within_their_limit(stores: Stores, database: Database):
    """Store 6 with tags and a key, get 1, list 2, update 6, delete 6; SQLite also counts BEGIN."""
    begin_count = 1 if database.engine == "sqlite" else 0

    async def cost(operation) -> int:
        before = database.round_trips
        await operation
        return database.round_trips - before

    assert await cost(store(stores, make_memory(11, tags=("a",)), IDEMPOTENCY)) <= 6 + begin_count
    assert await cost(stores.memories.find(TENANT, 11)) == 1
    assert await cost(stores.memories.list_page(TENANT, MemoryFilter(), limit=50, offset=0)) == 2
    assert await cost(stores.memories.update(TENANT, 11, make_change(content="x"), ACTOR)) <= 6 + begin_count
    assert await cost(stores.memories.delete(TENANT, [11], ACTOR, 5)) <= 6 + begin_count
