from __future__ import annotations

from mnemo_server.domain.memory import Changes, revise
from mnemo_server.index.entries import EntryRow
from mnemo_server.services.indexing import index_memory
from mnemo_server.stores import search_entries
from mnemo_server.stores.opening import Stores

from .making import ACTOR, TENANT, make


async def loaded(stores: Stores, tenant_id: int = TENANT) -> list[EntryRow]:
    return [entry async for page in stores.entries.load(tenant_id) for entry in page]


async def test_entries_are_loaded_as_they_were_written(stores: Stores):
    first, second = make(1, "alpha beta"), make(2, "gamma", tags=("t",))
    await stores.memories.create(second, ACTOR, None)
    await stores.memories.create(first, ACTOR, None)

    assert await loaded(stores) == [first.entry, second.entry]
    assert await loaded(stores, 2) == []


async def test_the_entry_of_a_message_is_loaded_as_it_was_written(stores: Stores):
    said = make(1, "Did it rain in May?", memory_type="session", session_id="s", seq=7, role="user")
    await stores.memories.create(said, ACTOR, None)

    assert await loaded(stores) == [said.entry]
    assert (said.entry.seq, said.entry.speaker) == (7, "user")


async def test_a_large_tenant_is_loaded_by_pages(stores: Stores, monkeypatch):
    monkeypatch.setattr(search_entries, "PAGE_SIZE", 3)
    for memory_id in range(1, 8):
        await stores.memories.create(make(memory_id), ACTOR, None)

    pages = [[entry.memory_id for entry in page] async for page in stores.entries.load(TENANT)]

    assert pages == [[1, 2, 3], [4, 5, 6], [7]]


async def test_changes_tell_updates_and_deletions(stores: Stores):
    written = make(1, updated_at=100)
    await stores.memories.create(written, ACTOR, None)
    await stores.memories.create(make(2, updated_at=200), ACTOR, None)
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
    assert [entry.memory_id for entry in await loaded(stores)] == [1]
