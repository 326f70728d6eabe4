"""The cache of token codes: never stale, bounded, and evicted with its tenant."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo_server.domain.search.question import Question
from mnemo_server.index.ranking.scope import EVERYTHING
from mnemo_server.index.resident import code_cache
from mnemo_server.index.resident.cache import CODE_SHARE, SearchIndex
from mnemo_server.index.resident.code_cache import ENTRY_BYTES, CodeCache, TenantCodes

from server.tests.unit.index.toy_model import ToyModel

PLENTY = 1 << 30
WORDS = [f"w{n}" for n in range(8)]
MODELS = [ToyModel(1, 70), ToyModel(2, 130)]


class Vectors:
    """A table of codes that records reads."""

    def __init__(self):
        self.codes = {}
        self.reads = []
        self.failure = None

    async def read(self, memory_ids):
        self.reads.append(list(memory_ids))
        if self.failure:
            raise self.failure
        return {memory_id: self.codes[memory_id] for memory_id in memory_ids if memory_id in self.codes}


@pytest.fixture
def vectors():
    table = Vectors()
    table.codes = {memory_id: bytes([memory_id]) * 40 for memory_id in range(100)}
    return table


async def _get(codes, *memory_ids, revision=1):
    wanted = dict.fromkeys(memory_ids, revision)
    return await codes.complete(wanted, codes.find(wanted))


async def test_codes_are_read_once(vectors):
    cache = CodeCache(PLENTY)
    codes = TenantCodes(cache, vectors.read)
    assert await _get(codes, 1, 2) == {1: vectors.codes[1], 2: vectors.codes[2]}
    assert await _get(codes, 2, 3, 1) == {memory_id: vectors.codes[memory_id] for memory_id in (1, 2, 3)}
    assert vectors.reads == [[1, 2], [3]]
    assert (cache.hits, cache.misses) == (2, 3)
    assert cache.size_bytes == codes.size_bytes == 3 * (ENTRY_BYTES + 40)


async def test_codes_of_another_revision_are_read_again_and_replaced(vectors):
    cache = CodeCache(PLENTY)
    codes = TenantCodes(cache, vectors.read)
    await _get(codes, 1)
    vectors.codes[1] = b"new"
    assert await _get(codes, 1, revision=2) == {1: b"new"}
    assert await _get(codes, 1, revision=2) == {1: b"new"}
    assert vectors.reads == [[1], [1]]
    assert cache.size_bytes == ENTRY_BYTES + len(b"new")


async def test_that_a_memory_has_no_codes_is_cached_too(vectors):
    codes = TenantCodes(CodeCache(PLENTY), vectors.read)
    assert await _get(codes, 200) == {200: b""}
    assert await _get(codes, 200) == {200: b""}
    assert vectors.reads == [[200]]


async def test_a_failed_read_is_reported_and_caches_nothing(vectors):
    cache = CodeCache(PLENTY)
    codes = TenantCodes(cache, vectors.read)
    vectors.failure = OSError("database away")
    with pytest.raises(OSError, match="database away"):
        await _get(codes, 1)
    vectors.failure = None
    assert await _get(codes, 1) == {1: vectors.codes[1]}
    assert len(vectors.reads) == 2


async def test_the_least_recently_used_memory_is_evicted(vectors):
    cache = CodeCache(3 * (ENTRY_BYTES + 40))
    codes = TenantCodes(cache, vectors.read)
    await _get(codes, 1, 2, 3)
    await _get(codes, 1)
    await _get(codes, 4)
    assert set(codes.find(dict.fromkeys(range(10), 1))) == {1, 3, 4}
    assert cache.size_bytes == 3 * (ENTRY_BYTES + 40)


async def test_the_least_recently_searched_tenant_is_evicted_first(vectors):
    cache = CodeCache(4 * (ENTRY_BYTES + 40))
    old, new = TenantCodes(cache, vectors.read), TenantCodes(cache, vectors.read)
    await _get(new, 1)
    await _get(old, 1, 2)
    await _get(new, 1, 2, 3)
    assert (set(old.find({1: 1, 2: 1})), set(new.find({1: 1, 2: 1, 3: 1}))) == ({2}, {1, 2, 3})
    await _get(new, *range(10))
    assert old.size_bytes == 0
    assert cache.size_bytes == new.size_bytes <= 4 * (ENTRY_BYTES + 40)


@pytest.mark.parametrize("limit", [0, ENTRY_BYTES])
async def test_without_space_every_search_still_gets_its_codes(vectors, limit):
    cache = CodeCache(limit)
    codes = TenantCodes(cache, vectors.read)
    for _ in range(2):
        assert await _get(codes, 1, 2) == {1: vectors.codes[1], 2: vectors.codes[2]}
    assert cache.size_bytes == codes.size_bytes == 0


async def test_a_closed_tenant_caches_nothing(vectors):
    cache = CodeCache(PLENTY)
    codes = TenantCodes(cache, vectors.read)
    await _get(codes, 1)
    codes.close()
    assert await _get(codes, 1, 2) == {1: vectors.codes[1], 2: vectors.codes[2]}
    assert cache.size_bytes == codes.size_bytes == 0


async def test_codes_are_freed_in_small_steps(vectors, monkeypatch):
    monkeypatch.setattr(code_cache, "FREED_AT_ONCE", 10)
    freed = []

    class TrackedBytes(bytes):
        __slots__ = ()

        def __del__(self):
            freed.append(1)

    vectors.codes = {memory_id: TrackedBytes(b"code") for memory_id in range(35)}
    codes = TenantCodes(CodeCache(PLENTY), vectors.read)
    await _get(codes, *vectors.codes)
    vectors.codes = {}
    codes.close()
    assert len(freed) == 10
    await asyncio.sleep(0)
    assert len(freed) == 20
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(freed) == 35


def _index(source, budget=PLENTY, model=MODELS[0]):
    index = SearchIndex(source, memory_budget_bytes=budget, clock=source.clock)
    index.use_model(model.space)
    return index


async def _search(index, tenant_id, words, model=MODELS[0]):
    async def embed():
        return model.ask(words)

    return await index.search(tenant_id, Question(tuple(words)), EVERYTHING, embed())


async def test_an_evicted_tenant_frees_its_codes(source):
    """Freed codes make space for other tenants, so no other one is evicted."""
    source.put(1, 1, ["w1"], vectors=MODELS[0].read(["w1"]))
    source.put(2, 1, ["w1"])
    for memory_id in range(50):
        source.put(3, memory_id, ["w1"])
    index = _index(source)
    for tenant_id in (2, 3):
        await _search(index, tenant_id, ["w1"])
    index = _index(source, budget=index.resident_bytes + 10)
    for tenant_id in (1, 2):
        await _search(index, tenant_id, ["w1"])
    assert index.codes.size_bytes > 0
    await _search(index, 3, ["w1"])
    assert (index.tenant_count, index.evictions, index.codes.size_bytes) == (2, 1, 0)


async def test_a_change_of_model_frees_all_codes(source):
    source.put(1, 1, ["w1"], vectors=MODELS[0].read(["w1"]))
    index = _index(source)
    await _search(index, 1, ["w1"])
    index.use_model(MODELS[1].space)
    assert index.codes.size_bytes == 0


async def test_codes_are_evicted_for_the_index_of_the_searched_tenant(source):
    """There is no other tenant to evict, and the budget is kept nevertheless."""
    for memory_id in range(20):
        source.put(1, memory_id, ["w1"], vectors=MODELS[0].read(["w1"]))
    index = _index(source)
    await _search(index, 1, [])
    room = 3 * ENTRY_BYTES
    budget = index.resident_bytes + room
    index = _index(source, budget=budget)
    for _ in range(2):
        await _search(index, 1, ["w1"])
        assert 0 < index.codes.size_bytes <= room < budget // CODE_SHARE
        assert index.resident_bytes + index.codes.size_bytes <= budget


_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5)
_tenants = st.integers(1, 2)
_ids = st.integers(0, 3)  # few, so that most writes change a memory that was searched
_operations = st.one_of(
    st.tuples(st.just("put"), _tenants, _ids, _words, st.booleans()),
    st.tuples(st.just("put"), _tenants, _ids, _words, st.booleans()),
    st.tuples(st.just("delete"), _tenants, _ids, st.booleans()),
    st.tuples(st.just("use"), st.sampled_from(MODELS)),
    st.tuples(st.just("search"), _tenants, _words),
    st.tuples(st.just("search"), _tenants, _words),
)


class _World:
    """A server that caches codes, and servers that have just started, over one database."""

    def __init__(self, source, budget):
        self.source = source
        self.budget = budget
        self.model = MODELS[0]
        self.server = _index(source, budget)

    async def put(self, tenant_id, memory_id, words, is_own):
        row = self.source.put(tenant_id, memory_id, words, vectors=self.model.read(words))
        if is_own:
            self.server.note(tenant_id, [row])

    async def delete(self, tenant_id, memory_id, is_own):
        row = self.source.delete(tenant_id, memory_id)
        if is_own:
            self.server.note(tenant_id, [row])

    async def use(self, model):
        self.model = model
        self.server.use_model(model.space)

    async def search(self, tenant_id, words):
        found = await _search(self.server, tenant_id, words, self.model)
        expected = await _search(_index(self.source, model=self.model), tenant_id, words, self.model)
        assert np.array_equal(found.memory_ids, expected.memory_ids)
        assert np.array_equal(found.scores, expected.scores)
        assert self.server.codes.size_bytes <= self.budget // CODE_SHARE


@settings(max_examples=40, deadline=None)
@given(st.lists(_operations, min_size=20, max_size=40), st.sampled_from([PLENTY, 6_000]))
def test_after_any_history_of_writes_a_search_with_cached_codes_is_the_same(new_source, operations, budget):
    async def run():
        world = _World(new_source(), budget)
        for name, *arguments in operations:
            await getattr(world, name)(*arguments)
        for tenant_id in (1, 2):
            await world.search(tenant_id, WORDS)
        await world.server.close()
        assert world.server.codes.size_bytes == 0

    asyncio.run(run())
