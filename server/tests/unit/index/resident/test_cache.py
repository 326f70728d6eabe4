"""The search index over a database that several servers write to."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from mnemo_server.domain.search.question import Question
from mnemo_server.index.ranking.scope import Scope
from mnemo_server.index.resident import segments
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.entries import facet

SECOND = 1_000_000
TENANT, OTHER = 1, 2
PLENTY = 1 << 30


def _index(source, *, budget=PLENTY):
    return SearchIndex(source, memory_budget_bytes=budget, clock=source.clock)


async def _ids(index, *terms, tenant_id=TENANT):
    return (await index.search(tenant_id, Question(terms))).memory_ids.tolist()


async def _size_of(source, tenant_id):
    index = _index(source)
    await _ids(index, "word", tenant_id=tenant_id)
    return index.resident_bytes


async def _reached_gate(source):
    await asyncio.wait_for(source.reached.wait(), 10)


async def test_a_tenant_is_loaded_by_its_first_search(source):
    for memory_id in range(50):
        source.put(TENANT, memory_id, ["word"])
    index = _index(source)
    assert (index.tenant_count, index.resident_bytes, source.loaded) == (0, 0, [])
    assert len(await _ids(index, "word")) == 50
    assert len(await _ids(index, "word")) == 50
    assert (index.tenant_count, index.loads, index.refreshes) == (1, 1, 2)
    assert index.resident_bytes > 0


async def test_concurrent_first_searches_load_once(source):
    source.put(TENANT, 1, ["word"])
    index = _index(source)
    found = await asyncio.gather(*(_ids(index, "word") for _ in range(20)))
    assert found == [[1]] * 20
    assert source.loaded == [TENANT]
    assert index.refreshes == 1


async def test_a_search_without_terms_loads_nothing(source):
    index = _index(source)
    assert await _ids(index) == []
    assert source.loaded == []


async def test_tenants_find_only_their_own_memories(source):
    source.put(TENANT, 1, ["word"])
    source.put(OTHER, 2, ["word"])
    index = _index(source)
    assert await _ids(index, "word") == [1]
    assert await _ids(index, "word", tenant_id=OTHER) == [2]


async def test_writes_of_this_server_are_found_without_reading_them_back(source):
    index = _index(source)
    await _ids(index, "word")
    index.note(TENANT, [source.put(TENANT, 1, ["word"])])
    assert await _ids(index, "word") == [1]
    index.note(TENANT, [source.put(TENANT, 1, ["other"])])
    assert await _ids(index, "word") == []
    assert await _ids(index, "other") == [1]
    index.note(TENANT, [source.delete(TENANT, 1)])
    assert await _ids(index, "other") == []
    assert source.fetched == []


async def test_writes_of_another_server_are_found_at_once_and_read_once(source):
    index = _index(source)
    await _ids(index, "word")
    source.put(TENANT, 1, ["word"])
    source.put(TENANT, 2, ["word"])
    assert await _ids(index, "word") == [2, 1]
    source.delete(TENANT, 2)
    assert await _ids(index, "word") == [1]
    await _ids(index, "word")
    assert source.fetched == [1, 2, 2]


async def test_a_change_committed_late_is_found_within_the_overlap(source):
    """A slow commit has an earlier time than changes that were seen before it."""
    index = _index(source)
    source.put(TENANT, 1, ["word"])
    await _ids(index, "word")
    source.put(TENANT, 2, ["word"], changed_at=source.now - 9 * SECOND)
    assert await _ids(index, "word") == [2, 1]


async def test_a_clock_that_is_ahead_hides_no_changes_of_other_servers(source):
    index = _index(source)
    source.put(TENANT, 1, ["word"], changed_at=source.now + 3600 * SECOND)
    await _ids(index, "word")
    source.now += 20 * SECOND
    source.put(TENANT, 2, ["word"])
    assert await _ids(index, "word") == [2, 1]


async def test_a_search_refreshes_again_if_a_refresh_was_already_running(source):
    """A refresh that started before the write would miss it."""
    index = _index(source)
    await _ids(index, "word")
    source.change_gate = asyncio.Event()
    refresh_count = len(source.refresh_requests)
    early = asyncio.create_task(_ids(index, "word"))
    await _reached_gate(source)
    source.put(TENANT, 1, ["word"])
    late = [asyncio.create_task(_ids(index, "word")) for _ in range(10)]
    await asyncio.sleep(0)
    source.change_gate.set()
    assert await asyncio.gather(*late) == [[1]] * 10
    await early
    assert len(source.refresh_requests) == refresh_count + 2


async def test_rows_noted_during_a_load_are_not_lost(source):
    source.load_gate = asyncio.Event()
    source.put(TENANT, 1, ["word"])
    source.put(TENANT, 2, ["word"])
    index = _index(source)
    search = asyncio.create_task(_ids(index, "word"))
    await _reached_gate(source)
    index.note(TENANT, [source.put(TENANT, 3, ["word"]), source.delete(TENANT, 1)])
    source.load_gate.set()
    assert await search == [3, 2]
    assert source.fetched == []


async def test_a_change_during_a_long_load_is_found(source):
    """The load misses a change, and reads a row that changed a minute later."""
    source.page_rows = 1
    source.load_gate = asyncio.Event()
    source.put(TENANT, 1, ["word"])
    index = _index(source)
    search = asyncio.create_task(_ids(index, "late"))
    await _reached_gate(source)
    source.now += 30 * SECOND
    source.put(TENANT, 1, ["late"])
    source.now += 60 * SECOND
    source.load_gate.set()
    assert await search == [1]


async def test_an_older_revision_never_replaces_a_newer_one(source):
    index = _index(source)
    await _ids(index, "old")
    old = source.put(TENANT, 1, ["old"])
    new = source.put(TENANT, 1, ["new"])
    index.note(TENANT, [new])
    await _ids(index, "new")
    index.note(TENANT, [old, new, old])
    assert await _ids(index, "old") == []
    assert await _ids(index, "new") == [1]


async def test_a_deleted_memory_stays_deleted_if_an_older_revision_arrives_late(source):
    index = _index(source)
    await _ids(index, "word")
    old = source.put(TENANT, 1, ["word"])
    index.note(TENANT, [source.delete(TENANT, 1)])
    await _ids(index, "word")
    index.note(TENANT, [old])
    assert await _ids(index, "word") == []


async def test_an_entry_deleted_between_listing_and_reading_is_gone(source):
    source.put(TENANT, 1, ["word"])
    index = _index(source)
    await _ids(index, "word")
    source.put(TENANT, 1, ["word"])
    source.change_gate = asyncio.Event()
    search = asyncio.create_task(_ids(index, "word"))
    await _reached_gate(source)
    del source.rows[TENANT][1]
    source.change_gate.set()
    assert await search == []


async def test_all_filters_are_required_and_each_lists_alternatives(source):
    source.put(TENANT, 1, ["word"], ["red"])
    source.put(TENANT, 2, ["word"], ["red", "big"])
    source.put(TENANT, 3, ["word"], ["blue", "big"])
    source.put(TENANT, 4, ["word"])
    index = _index(source)

    async def find(*groups):
        required = [[facet("tag", tag) for tag in group] for group in groups]
        return sorted((await index.search(TENANT, Question(("word",)), Scope(required))).memory_ids.tolist())

    assert await find(["red"]) == [1, 2]
    assert await find(["red", "blue"]) == [1, 2, 3]
    assert await find(["red", "blue"], ["big"]) == [2, 3]
    assert await find(["green"]) == []


async def test_the_memory_budget_evicts_the_least_recently_searched_tenant(source):
    for tenant_id in (1, 2, 3):
        source.put(tenant_id, tenant_id, ["word"])
    index = _index(source)
    await _ids(index, "word", tenant_id=1)
    one_tenant = index.resident_bytes
    index = _index(source, budget=int(2.5 * one_tenant))
    for tenant_id in (1, 2, 1, 3):
        assert await _ids(index, "word", tenant_id=tenant_id) == [tenant_id]
    assert (index.tenant_count, index.evictions) == (2, 1)
    await _ids(index, "word", tenant_id=1)
    assert index.loads == 3
    await _ids(index, "word", tenant_id=2)
    assert index.loads == 4


async def test_a_tenant_larger_than_the_budget_can_be_searched(source):
    source.put(TENANT, 1, ["word"])
    index = _index(source, budget=1)
    for _ in range(3):
        assert await _ids(index, "word") == [1]
    assert (index.loads, index.evictions) == (1, 0)


async def test_a_tenant_in_use_is_not_evicted(source):
    source.put(TENANT, 1, ["word"])
    source.put(OTHER, 2, ["word"])
    index = _index(source, budget=await _size_of(source, TENANT))
    source.change_gate = asyncio.Event()
    searches = [asyncio.create_task(_ids(index, "word", tenant_id=TENANT))]
    await _reached_gate(source)
    source.reached.clear()
    searches.append(asyncio.create_task(_ids(index, "word", tenant_id=OTHER)))
    await _reached_gate(source)
    assert (index.tenant_count, index.evictions) == (2, 0)
    source.change_gate.set()
    assert await asyncio.gather(*searches) == [[1], [2]]
    assert (index.tenant_count, index.evictions) == (1, 1)


async def test_a_tenant_that_was_in_use_is_evicted_after_the_next_search(source):
    source.put(TENANT, 1, ["word"])
    source.put(OTHER, 2, ["word"])
    index = _index(source, budget=await _size_of(source, TENANT))
    await _ids(index, "word", tenant_id=TENANT)
    source.change_gate = gate = asyncio.Event()
    search = asyncio.create_task(_ids(index, "word", tenant_id=TENANT))
    await _reached_gate(source)
    source.change_gate = None
    await _ids(index, "word", tenant_id=OTHER)
    assert index.tenant_count == 2
    gate.set()
    await search
    assert index.tenant_count == 1


async def test_a_failed_load_is_reported_and_retried(source):
    source.put(TENANT, 1, ["word"])
    index = _index(source)
    source.failure = OSError("database away")
    results = await asyncio.gather(*(_ids(index, "word") for _ in range(3)), return_exceptions=True)
    assert [str(result) for result in results] == ["database away"] * 3
    source.failure = None
    assert await _ids(index, "word") == [1]


async def test_a_failed_refresh_is_reported_and_misses_nothing(source):
    index = _index(source)
    await _ids(index, "word")
    source.put(TENANT, 1, ["word"])
    source.failure = OSError("database away")
    with pytest.raises(OSError, match="database away"):
        await _ids(index, "word")
    source.failure = None
    assert await _ids(index, "word") == [1]


async def test_a_cancelled_first_search_leaves_the_load_running(source):
    source.put(TENANT, 1, ["word"])
    source.load_gate = asyncio.Event()
    index = _index(source)
    search = asyncio.create_task(_ids(index, "word"))
    await _reached_gate(source)
    search.cancel()
    source.load_gate.set()
    assert await _ids(index, "word") == [1]
    assert index.loads == 1


async def test_two_servers_return_bit_identical_rankings(source):
    """One has followed every write, the other reads the result: different segments, the same ranking."""
    writer = _index(source)
    await _ids(writer, "w1")
    for n in range(600):
        row = source.put(TENANT, n % 400, [f"w{n % 7}", f"w{n % 11}", f"w{n % 3}"] * (1 + n % 2))
        writer.note(TENANT, [row])
        if n % 50 == 0:
            await _ids(writer, "w1")
    reader = _index(source)
    for terms in (("w1",), ("w1", "w2", "w9"), ("w0", "w10", "none")):
        one = await writer.search(TENANT, Question(terms))
        other = await reader.search(TENANT, Question(terms))
        assert np.array_equal(one.memory_ids, other.memory_ids)
        assert np.array_equal(one.scores, other.scores)


async def test_the_event_loop_is_not_blocked_by_loads_and_merges(source, monkeypatch):
    """Segments are built and merged in threads; writes noted meanwhile survive the exchange of segments."""
    monkeypatch.setattr(segments, "INLINE_POSTINGS", 50)
    source.page_rows = 1000
    for memory_id in range(3000):
        source.put(TENANT, memory_id, ["word", f"w{memory_id}"])
    index = _index(source)
    assert len(await _ids(index, "word")) == 3000
    for memory_id in range(2000, 4500):
        index.note(TENANT, [source.put(TENANT, memory_id, ["other", f"w{memory_id}"])])
        if memory_id % 100 == 0:
            await _ids(index, "word")
    assert len(await _ids(index, "word")) == 2000
    assert len(await _ids(index, "other")) == 2500
    await index.close()


async def test_closing_cancels_running_searches(source):
    source.load_gate = asyncio.Event()
    index = _index(source)
    search = asyncio.create_task(_ids(index, "word"))
    await _reached_gate(source)
    await index.close()
    with pytest.raises(asyncio.CancelledError):
        await search
    assert index.tenant_count == 0
