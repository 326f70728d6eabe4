from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest
from mnemo_server.db.database import Database
from mnemo_server.db.queries import parse_queries
from mnemo_server.domain.memories.memory import Changes, revise
from mnemo_server.index.source import NearQuery, Stretch
from mnemo_server.services.indexing import index_memory
from mnemo_server.stores.opening import Stores
from mnemo_server.stores.records import WrittenMemory
from mnemo_server.stores.vectors import NewVector, Share, VectorCount

from server.tests.live.factories import ACTOR, TENANT, make_memory, store

MODEL = 1
CODE = bytes(range(48))
LATER = 2**62


@pytest.fixture
async def written(stores: Stores) -> WrittenMemory:
    """A memory without a vector."""
    memory = make_memory(1, "alpha beta", updated_at=100)
    await store(stores, memory)
    return memory


def vector_of(written: WrittenMemory, code: bytes | None = CODE) -> NewVector:
    return NewVector(written.entry, code, b"" if code is None else b"t" * 24, (0.6, -0.8))


async def waiting(stores: Stores, *models: int) -> list[int]:
    found = await stores.vectors.find_unembedded(models or (0,), limit=100, before=LATER)
    return sorted(one.entry.memory_id for one in found)


async def test_a_model_keeps_its_number_and_another_one_gets_the_next(stores: Stores):
    numbers = [
        await stores.vectors.register_model("a", 3, 10),
        await stores.vectors.register_model("b", 3, 20),
    ]
    numbers += [
        await stores.vectors.register_model("a", 4, 30),
        await stores.vectors.register_model("a", 3, 40),
    ]

    assert numbers == [1, 2, 3, 1]
    models = await stores.vectors.list_models()
    assert [(one.model_id, one.chosen_at) for one in models] == [(2, 20), (3, 30), (1, 40)]


async def test_servers_that_register_models_concurrently_agree_on_their_numbers(stores: Stores):
    names = [f"model {number % 4}" for number in range(12)]

    numbers = await asyncio.gather(*(stores.vectors.register_model(name, 8, 1) for name in names))

    assert sorted(set(numbers)) == [1, 2, 3, 4]
    assert numbers == numbers[:4] * 3


async def test_memories_without_a_vector_are_found_with_their_entries(stores: Stores):
    first = make_memory(1, "alpha", tags=("t",))
    message = make_memory(
        2, "beta", tenant_id=7, memory_type="session", session_id="s", seq=3, role="user", name="Ann"
    )
    for one in (first, message):
        await store(stores, one)

    found = await stores.vectors.find_unembedded((0,), limit=10, before=LATER)

    assert sorted(found, key=lambda one: one.memory.id) == [first, message]
    assert len(await stores.vectors.find_unembedded((0,), limit=1, before=LATER)) == 1


async def test_recent_changes_are_left_out(stores: Stores, written: WrittenMemory):
    changed_at = written.entry.changed_at

    assert await stores.vectors.find_unembedded((0,), limit=10, before=changed_at) == []
    assert len(await stores.vectors.find_unembedded((0,), limit=10, before=changed_at + 1)) == 1


async def test_tenants_can_be_skipped_however_many_rows_they_have(stores: Stores):
    tenants = (1, 2, 3, 5, 8, 2**62)
    for number, tenant_id in enumerate([*tenants, 2, 2, 8], start=1):
        await store(stores, make_memory(number, tenant_id=tenant_id))

    async def found(passing_over: Collection[int], limit: int = 100) -> set[int]:
        rows = await stores.vectors.find_unembedded(
            (0, 9), limit=limit, before=LATER, passing_over=passing_over
        )
        return {row.memory.tenant_id for row in rows}

    assert await found(()) == set(tenants)
    assert await found({1, 2}) == {3, 5, 8, 2**62}
    assert await found({1, 2, 3, 5, 2**62}) == {8}
    assert await found({2**62, 8, 5, 3, 1}) == {2}
    assert await found({2, 4, 7}, limit=1) == {1}
    assert await found(tenants) == set()
    shares = [
        await stores.vectors.find_unembedded((0,), limit=100, before=LATER, share=Share(number, 4))
        for number in range(4)
    ]
    assert [{one.memory.id for one in share} for share in shares] == [{4, 8}, {1, 5, 9}, {2, 6}, {3, 7}]
    assert await stores.vectors.count_waiting_of_tenants((0, 9), {2, 8, 77}) == 5
    assert await stores.vectors.count_waiting_of_tenants((9,), {2}) == 0
    assert await stores.vectors.count_waiting_of_tenants((0,), range(3, 3_000)) == 4


async def test_a_vector_is_read_with_its_entry(stores: Stores, written: WrittenMemory):
    rows = await stores.vectors.write(TENANT, MODEL, [vector_of(written)], 500)

    assert rows == [written.entry._replace(revision=1025, changed_at=500, model_id=MODEL, vector_code=CODE)]
    assert await stores.entries.get_entries(TENANT, [1]) == rows
    assert await stores.entries.changed_since(TENANT, 500) == [(1, 1025, 500)]
    assert await stores.entries.get_token_codes(TENANT, MODEL, [1, 2]) == {1: b"t" * 24}
    assert await stores.entries.get_token_codes(TENANT, MODEL + 1, [1]) == {}
    assert await stores.entries.get_token_codes(TENANT + 1, MODEL, [1]) == {}
    assert await waiting(stores) == []
    assert await waiting(stores, 0, MODEL) == [1]


async def test_tidb_stores_the_full_vector(stores: Stores, written: WrittenMemory, database: Database):
    if database.engine != "tidb":
        pytest.skip("other engines have no column for it")
    await stores.vectors.write(TENANT, MODEL, [vector_of(written)], 500)
    sql = "SELECT VEC_COSINE_DISTANCE(embedding, '[0.6,-0.8]') AS distance FROM search_vectors;"
    query = parse_queries(f"-- name: measure\n{sql}", "mysql", origin="here").measure

    row = await database.fetch_one(query, {})

    assert row
    assert abs(row["distance"]) < 1e-6


async def test_a_refused_text_has_no_vector_and_is_not_tried_again(stores: Stores, written: WrittenMemory):
    first = await stores.vectors.write(TENANT, MODEL, [vector_of(written)], 500)

    refused = NewVector(first[0], None)
    (row,) = await stores.vectors.write(TENANT, MODEL + 1, [refused], 600)

    assert (row.model_id, row.vector_code) == (MODEL + 1, None)
    assert await stores.entries.get_token_codes(TENANT, MODEL, [1]) == {}
    assert await waiting(stores, 0, MODEL) == []


async def test_find_current_reports_which_entries_are_unchanged(stores: Stores):
    batch = [make_memory(number) for number in range(1, 6)]
    for one in batch[:4]:
        await store(stores, one)
    await stores.vectors.write(TENANT, MODEL, [vector_of(batch[0])], 500)
    await stores.memories.delete(TENANT, [2], ACTOR, 600)
    entries = [one.entry for one in batch]

    assert await stores.vectors.find_current(TENANT, entries) == [False, False, True, True, False]
    assert await stores.vectors.find_current(TENANT + 1, entries[2:3]) == [False]
    assert await stores.vectors.find_current(TENANT, []) == []


async def test_a_vector_of_an_older_text_is_never_written(stores: Stores, written: WrittenMemory):
    def next_version(current):
        return index_memory(revise(current, Changes(content="new"), agent_id=None, now=300))

    await stores.memories.update(TENANT, 1, next_version, ACTOR)

    assert await stores.vectors.write(TENANT, MODEL, [vector_of(written)], 500) == []
    assert await stores.entries.get_token_codes(TENANT, MODEL, [1]) == {}
    assert await waiting(stores) == [1]


async def test_an_update_removes_the_vector(stores: Stores, written: WrittenMemory):
    def next_version(current):
        return index_memory(revise(current, Changes(content="new"), agent_id=None, now=300))

    await stores.vectors.write(TENANT, MODEL, [vector_of(written)], 200)
    await stores.memories.update(TENANT, 1, next_version, ACTOR)

    (row,) = await stores.entries.get_entries(TENANT, [1])
    assert (row.revision, row.model_id, row.vector_code) == (2048, 0, None)
    assert await stores.entries.get_token_codes(TENANT, MODEL, [1]) == {}
    assert await waiting(stores) == [1]


async def test_a_deleted_memory_has_no_vector_and_gets_none(stores: Stores, written: WrittenMemory):
    rows = await stores.vectors.write(TENANT, MODEL, [vector_of(written)], 200)
    await stores.memories.delete(TENANT, [1], ACTOR, 300)

    assert await stores.vectors.write(TENANT, MODEL, [NewVector(rows[0], CODE)], 500) == []
    (row,) = await stores.entries.get_entries(TENANT, [1])
    assert (row.revision, row.is_active, row.vector_code) == (2048, False, None)
    assert await stores.entries.get_token_codes(TENANT, MODEL, [1]) == {}
    assert await waiting(stores, 0, MODEL) == []


async def test_if_two_servers_embed_the_same_text_the_first_one_writes(stores: Stores):
    batch = [make_memory(number, f"text {number}") for number in range(1, 20)]
    for one in batch:
        await store(stores, one)
    vectors = [vector_of(one) for one in batch]

    both = await asyncio.gather(
        stores.vectors.write(TENANT, MODEL, vectors, 500),
        stores.vectors.write(TENANT, MODEL, vectors[::-1], 500),
    )

    assert sorted(row.memory_id for rows in both for row in rows) == list(range(1, 20))
    assert {row.revision for rows in both for row in rows} == {1025}


async def test_counts_include_waiting_and_refused_texts(stores: Stores):
    batch = [make_memory(number, f"text {number}") for number in range(1, 7)]
    batch += [make_memory(7, tenant_id=TENANT + 1), make_memory(8)]
    for one in batch:
        await store(stores, one)
    await stores.memories.delete(TENANT, [8], ACTOR, 10)
    await stores.vectors.write(TENANT, 1, [vector_of(batch[0]), vector_of(batch[1], None)], 500)
    await stores.vectors.write(TENANT, 2, [vector_of(batch[2])], 500)

    counts = await stores.vectors.count_by_model(TENANT)

    assert counts == {0: VectorCount(3, 0), 1: VectorCount(2, 1), 2: VectorCount(1, 1)}
    assert await stores.vectors.count_waiting((0, 1)) == {0: 4, 1: 2}
    assert await stores.vectors.count_waiting((9,)) == {}


async def test_looking_for_work_reads_no_rows_when_there_is_none(stores: Stores, database: Database):
    """The plan uses the index on the model and never reads all entries or memories."""
    batch = [make_memory(number, f"text {number}") for number in range(1, 50)]
    for one in batch:
        await store(stores, one)
    await stores.vectors.write(TENANT, MODEL, [vector_of(one) for one in batch], 500)
    query = stores.vectors._vectors.find_unembedded
    values = {
        "shares": 1,
        "share": 0,
        "after_tenant": 0,
        "until_tenant": 2**63 - 1,
        "before": LATER,
        "limit": 32,
    }
    text = query.text.replace(":model_ids...", "0, 2").replace("%%", "%")
    for name, value in values.items():
        text = text.replace(f"%({name})s", str(value)).replace(f":{name}", str(value))
    prefix = "EXPLAIN QUERY PLAN" if database.engine == "sqlite" else "EXPLAIN"
    explain = parse_queries(f"-- name: explain\n{prefix} {text};", database.variant, origin="here").explain

    plan = str([list(row.values()) for row in await database.fetch_all(explain, {})])

    assert "search_entries_by_model" in plan
    assert any(of_one_range in plan for of_one_range in ("tenant_id>?", "(0 1 0,0 1 ", "'range'"))
    assert "SCAN search_entries" not in plan
    assert "SCAN m" not in plan
    assert "TableFullScan" not in plan
    assert "'ALL'" not in plan


@pytest.mark.parametrize("times", [(None, None), (150, None), (None, 2**70), (-(2**70), 450)])
async def test_find_near_returns_the_nearest_vectors_of_a_stretch(
    stores: Stores, times: tuple[int | None, int | None]
):
    """TiDB compares vectors itself, unless times are limited; other engines return the whole stretch."""
    memories = [make_memory(number, created_at=100 * number) for number in range(1, 7)]
    for memory in memories:
        await store(stores, memory)
    vectors = [
        replace(vector_of(memory), components=(1.0, number / 2)) for number, memory in enumerate(memories)
    ]
    await stores.vectors.write(TENANT, MODEL, vectors, 1000)
    await stores.memories.delete(TENANT, [2], ACTOR, 2000)
    direction = np.array([3.0, 0.0], dtype=np.float32)

    async def near(model_id: int, count: int) -> list[tuple[int, bytes]]:
        wanted = NearQuery(model_id, direction, count, *times)
        return sorted(await stores.entries.find_near(TENANT, Stretch(0, 5, 0, 0), wanted))

    rows = await near(MODEL, 2)
    within = [
        one.memory.id
        for one in memories
        if one.memory.id not in (2, 6) and (times[0] or 0) <= one.memory.created_at < (times[1] or 2**70)
    ]
    found = [memory_id for memory_id, _ in rows]
    assert set(found) <= set(within)
    assert found[:2] == within[:2]
    assert {code for _, code in rows} == {CODE}
    assert await near(MODEL + 1, 2) == []
