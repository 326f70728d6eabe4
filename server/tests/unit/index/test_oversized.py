"""An oversized tenant is searched in the database, with the same results as in memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo_server.domain.search.question import Question
from mnemo_server.index.ranking import nearest, ranker
from mnemo_server.index.ranking.bm25 import plan_query
from mnemo_server.index.ranking.nearest import Probe, Shortlist, find_nearest
from mnemo_server.index.ranking.scope import EVERYTHING
from mnemo_server.index.resident import loading
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.segment import build_segment

from server.tests.unit.index.reference import Document, make_row
from server.tests.unit.index.toy_model import ToyModel

TENANT = 1
SMALL, PLENTY = 4_000, 1 << 30
MODEL = ToyModel(1, 64)
WORDS = ("alpha", "beta", "gamma", "delta")


def _index(source, budget):
    return SearchIndex(source, memory_budget_bytes=budget, clock=source.clock)


def _fill(source, count, first=0):
    for memory_id in range(first, first + count):
        words = [WORDS[memory_id % 4], WORDS[memory_id % 3]]
        source.put(TENANT, memory_id, words, session=f"s{memory_id % 5}", seq=memory_id, speaker="Ann")


async def _query_vector(words):
    return MODEL.ask(words)


async def _found(index, *terms):
    result = await index.search(TENANT, Question(terms))
    return result.memory_ids.tolist(), result.scores.tolist()


async def test_a_scan_is_bit_identical_to_a_search_in_memory(source):
    _fill(source, 400)
    small, plenty = _index(source, SMALL), _index(source, PLENTY)

    for terms in (("alpha",), ("alpha", "gamma"), ("nowhere", "beta")):
        assert await _found(small, *terms) == await _found(plenty, *terms)

    assert (small.scans, small.resident_bytes) == (3, 0)
    assert plenty.scans == 0


@pytest.mark.parametrize("has_model", [False, True])
async def test_a_literal_ranks_first_with_more_related_memories_than_candidates(
    source, has_model, monkeypatch
):
    monkeypatch.setattr(ranker, "KEYWORD_CANDIDATES", 20)
    monkeypatch.setattr(ranker, "BOTH_CANDIDATES", 20)
    for memory_id in range(440):
        words = WORDS if memory_id < 40 else (f"w{memory_id}",)
        source.put(TENANT, memory_id, words, vectors=MODEL.read(words))
    source.put(TENANT, 900, ["e1101"])
    question = Question((*WORDS, "e1101"), frozenset(["e1101"]))
    found = []
    for index in (_index(source, SMALL), _index(source, PLENTY)):
        index.use_model(MODEL.space)
        result = await index.search(TENANT, question, EVERYTHING, _query_vector(WORDS) if has_model else None)
        found.append((result.memory_ids.tolist(), result.scores.tolist()))
    assert found[0] == found[1]
    assert found[0][0][0] == 900


async def test_a_load_stops_at_the_memory_budget(source, monkeypatch):
    monkeypatch.setattr(loading, "CHUNK_ROWS", 20)
    _fill(source, 400)
    index = _index(source, SMALL)
    pages = 0
    whole_load = source.load

    async def counted(tenant_id):
        nonlocal pages
        async for page in whole_load(tenant_id):
            pages += 1
            yield page

    source.load = counted
    await _found(index, "alpha")
    assert 0 < pages < 400 / source.page_rows / 2
    await _found(index, "alpha")
    assert len(source.loaded) == 1  # that the tenant is oversized is remembered


async def test_a_tenant_that_outgrows_the_budget_is_evicted(source):
    _fill(source, 10)
    index = _index(source, SMALL)
    await _found(index, "alpha")
    assert (index.tenant_count, index.scans) == (1, 0)

    _fill(source, 400, first=10)
    await _found(index, "alpha")  # detects its new size
    found = await _found(index, "alpha")

    assert (index.tenant_count, index.scans) == (0, 1)
    assert found == await _found(_index(source, PLENTY), "alpha")


async def test_a_tenant_that_shrinks_is_loaded_again(source):
    _fill(source, 400)
    index = _index(source, SMALL)
    await _found(index, "alpha")
    assert index.scans == 1
    for memory_id in range(5, 400):
        source.delete(TENANT, memory_id)
    source.now += 60_000_000
    source.put(TENANT, 900, ["omega"])  # deletions since the newest memory would be kept for a while

    await _found(index, "alpha")  # detects its new size
    found = await _found(index, "alpha")

    assert (index.tenant_count, index.scans) == (1, 2)
    assert sorted(found[0]) == [0, 3, 4]


async def test_recent_writes_are_found(source):
    _fill(source, 400)
    index = _index(source, SMALL)
    await _found(index, "alpha")
    index.note(TENANT, [source.put(TENANT, 900, ["needle"])])
    assert (await _found(index, "needle"))[0] == [900]
    source.delete(TENANT, 900)
    assert (await _found(index, "needle"))[0] == []


async def test_a_database_error_reaches_the_caller(source):
    _fill(source, 400)
    index = _index(source, SMALL)
    await _found(index, "alpha")
    source.failure = OSError("database away")
    with pytest.raises(OSError, match="database away"):
        await _found(index, "alpha")
    source.failure = None
    assert (await _found(index, "alpha"))[0]


@settings(deadline=None)
@given(
    documents=st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), max_size=60),
    part_count=st.integers(1, 9),
    count=st.integers(1, 8),
    question_words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
)
def test_a_shortlist_built_in_parts_equals_that_of_the_whole(documents, part_count, count, question_words):
    rows = [
        make_row(key, Document(words, set(), vectors=MODEL.read(words)))
        for key, words in enumerate(documents)
    ]
    probe = Probe.of(MODEL.embed(question_words).vector)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "FINE_COUNT", 10)
        whole = build_segment(rows, MODEL.space)
        places = find_nearest(plan_query([whole], ()), probe, count)
        shortlist = Shortlist(probe)
        for part in range(part_count):
            segment = build_segment(rows[part::part_count], MODEL.space)
            shortlist.add(segment.memory_ids, segment.codes)
    assert sorted(shortlist.best(count).tolist()) == np.sort(whole.memory_ids[places]).tolist()
