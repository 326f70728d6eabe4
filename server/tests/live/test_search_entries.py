from __future__ import annotations

import pytest
from mnemo_server.domain.memories.memory import Changes, revise
from mnemo_server.index.segments.entries import EntryRow, facet, hash_term
from mnemo_server.index.source import Stretch
from mnemo_server.services.indexing import index_memory
from mnemo_server.stores import search_entries
from mnemo_server.stores.opening import Stores

from .factories import ACTOR, TENANT, make_memory, store


async def load_all(stores: Stores, tenant_id: int = TENANT) -> list[EntryRow]:
    return [entry async for page in stores.entries.load(tenant_id) for entry in page]


async def test_entries_are_loaded_as_they_were_written(stores: Stores):
    first, second = make_memory(1, "alpha beta"), make_memory(2, "gamma", tags=("t",))
    await store(stores, second)
    await store(stores, first)

    assert await load_all(stores) == [first.entry, second.entry]
    assert await load_all(stores, 2) == []


async def test_the_entry_of_a_message_is_loaded_as_it_was_written(stores: Stores):
    message = make_memory(1, "Did it rain in May?", memory_type="session", session_id="s", seq=7, role="user")
    await store(stores, message)

    assert await load_all(stores) == [message.entry]
    assert (message.entry.seq, message.entry.speaker) == (7, "user")


async def test_a_large_tenant_is_loaded_in_pages(stores: Stores, monkeypatch):
    monkeypatch.setattr(search_entries, "PAGE_SIZE", 3)
    for memory_id in range(1, 8):
        await store(stores, make_memory(memory_id))

    pages = [[entry.memory_id for entry in page] async for page in stores.entries.load(TENANT)]

    assert pages == [[1, 2, 3], [4, 5, 6], [7]]


async def test_changed_since_lists_updates_and_deletions(stores: Stores):
    written = make_memory(1, updated_at=100)
    await store(stores, written)
    await store(stores, make_memory(2, updated_at=200))
    await stores.memories.update(
        TENANT,
        1,
        lambda current: index_memory(revise(current, Changes(content="new words"), agent_id=None, now=300)),
        ACTOR,
    )
    await stores.memories.delete(TENANT, [2], ACTOR, 400)

    assert await stores.entries.changed_since(TENANT, 300) == [(1, 2048, 300), (2, 2048, 400)]
    assert await stores.entries.changed_since(TENANT, 401) == []
    updated, deleted = await stores.entries.get_entries(TENANT, [1, 2])
    assert (updated.revision, updated.is_active, updated.length) == (2048, True, 2)
    assert (deleted.revision, deleted.is_active) == (2048, False)
    assert [entry.memory_id for entry in await load_all(stores)] == [1]


async def measure_all(stores: Stores) -> list[Stretch]:
    stretches: list[Stretch] = []
    while stretch := await stores.entries.measure_stretch(TENANT, stretches[-1].until if stretches else -1):
        stretches.append(stretch)
    return stretches


async def test_stretches_cover_a_tenant_and_count_active_entries(stores: Stores, monkeypatch):
    monkeypatch.setattr(search_entries, "PAGE_SIZE", 3)
    for memory_id in range(1, 8):
        await store(stores, make_memory(memory_id, "two words"))
    await stores.memories.delete(TENANT, [2, 7], ACTOR, 400)

    assert await measure_all(stores) == [Stretch(-1, 3, 2, 4), Stretch(3, 6, 3, 6), Stretch(6, 7, 0, 0)]
    assert await stores.entries.measure_stretch(2, -1) is None


@pytest.mark.parametrize("others", [0, 3, 40])
async def test_entries_with_a_term_or_facet_are_found_among_any_number_of_terms(stores: Stores, others: int):
    """The database searches for few terms where rows travel over a network; this process does for many."""
    first, second = make_memory(1, "alpha beta"), make_memory(2, "gamma", tags=("red",))
    for written in (first, second, make_memory(3, "delta"), make_memory(4, "alpha")):
        await store(stores, written)
    await stores.memories.delete(TENANT, [4], ACTOR, 400)
    stretch = (await measure_all(stores))[0]
    unknown = [hash_term(f"unknown{number}") for number in range(others)]

    async def find(*terms: str) -> list[EntryRow]:
        rows = await stores.entries.find_holders(TENANT, stretch, [*unknown, *map(hash_term, terms)])
        return sorted(rows, key=lambda row: row.memory_id)

    assert await find("alpha", "gamma") == [first.entry, second.entry]
    assert await find(facet("tag", "red")) == [second.entry]
    assert await find("nothing") == []
    assert await stores.entries.find_holders(TENANT, Stretch(1, 2, 0, 0), [hash_term("alpha")]) == []


async def test_neighbours_are_the_nearest_active_messages_of_the_session(stores: Stores):
    places = [
        (1, 5),
        (2, 5),
        (3, 6),
        (4, 8),
        (5, 9),
        (6, 4),
        (7, 2),
    ]  # id and seq; equal seqs are ordered by id
    for memory_id, seq in places:
        message = make_memory(memory_id, memory_type="session", session_id="s", seq=seq, role="user")
        await store(stores, message)
    other = make_memory(20, memory_type="session", session_id="t", seq=5, role="user")
    await store(stores, other)
    await store(stores, make_memory(21, session_id="s"))
    await stores.memories.delete(TENANT, [3], ACTOR, 400)

    async def around(*memory_ids: int) -> list[int]:
        rows = await stores.entries.find_neighbours(TENANT, memory_ids, 2)
        return sorted(row.memory_id for row in rows)

    assert await around(2) == [1, 4, 5, 6]
    assert await around(7) == [1, 6]
    assert await around(20, 21) == []
    assert await around(20, 5) == [2, 4]
