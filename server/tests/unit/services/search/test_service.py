from __future__ import annotations

import numpy as np
import pytest
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.index.ranking.ranker import Ranking
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.entries import facet
from mnemo_server.services.caller import Caller
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.recall.search import RecallSearch
from mnemo_server.services.search.service import SearchService, to_filter
from mnemo_server.stores.memories.history import HistoryStore
from mnemo_server.stores.memories.store import MemoryStore
from mnemos_contract.listing import ListQuery

CALLER = Caller(tenant_id=1, key_id=1, request_id="r")


def memory(memory_id: int, *tags: str) -> StoredMemory:
    return StoredMemory(
        tenant_id=1,
        id=memory_id,
        content=f"memory {memory_id}",
        memory_type="insight",
        state="active",
        version=1,
        content_hash=b"",
        created_at=0,
        updated_at=0,
        tags=tags,
    )


class StaleIndex(SearchIndex):
    """An index that ranks ten memories, whether or not they still exist."""

    def __init__(self) -> None:
        self.required: object = None

    async def search(self, _tenant_id, _question, scope, embedding=None):
        self.required = scope.required
        assert await embedding is None
        return Ranking(np.arange(10, 0, -1), np.linspace(1, 0.1, 10))


class NoModel(EmbeddingService):
    """An embedding service without a model."""

    def __init__(self) -> None:
        pass

    async def embed_query(self, _tenant_id, _text):
        return None


class FewRows(MemoryStore):
    """A store that contains the given memories."""

    def __init__(self, *rows: StoredMemory) -> None:
        self.rows = {one.id: one for one in rows}
        self.reads = 0

    async def find_many(self, _tenant_id, memory_ids):
        self.reads += 1
        return {number: self.rows[number] for number in memory_ids if number in self.rows}


class NoHistory(HistoryStore):
    """A history that these searches don't need."""

    def __init__(self) -> None:
        pass


class FixedGate(RecallSearch):
    """Decides whether anything is relevant to a query."""

    def __init__(self, *, is_open: bool) -> None:
        self.is_open = is_open

    async def matters(self, _caller, _text, _ranking):
        return self.is_open


async def search(rows: FewRows, index: StaleIndex, *, is_open: bool = True, **query: object):
    service = SearchService(
        rows, NoHistory(), index, NoModel(), gate=FixedGate(is_open=is_open), clock=lambda: 0
    )
    return await service.find(CALLER, ListQuery.model_validate({"q": "x", **query}))


async def test_a_full_page_takes_one_read():
    rows = FewRows(*(memory(number) for number in range(1, 11)))

    page = await search(rows, StaleIndex(), limit=3, offset=2)

    assert [hit.content for hit in page.memories] == ["memory 8", "memory 7", "memory 6"]
    assert (page.total, rows.reads) == (10, 1)


async def test_deleted_rows_are_never_shown_and_later_ones_move_up():
    rows = FewRows(*(memory(number) for number in (1, 3, 5, 7, 9)))

    page = await search(rows, StaleIndex(), limit=4)

    assert [hit.content for hit in page.memories] == ["memory 9", "memory 7", "memory 5", "memory 3"]


async def test_a_row_that_no_longer_matches_the_filter_is_not_shown():
    rows = FewRows(memory(10, "old"), memory(9, "new"))

    page = await search(rows, StaleIndex(), tags="new")

    assert [hit.content for hit in page.memories] == ["memory 9"]
    assert page.total == 1


async def test_pages_of_any_size_are_contiguous():
    rows = FewRows(*(memory(number) for number in range(1, 11)))

    whole = (await search(rows, StaleIndex(), limit=10)).memories
    pages = [await search(rows, StaleIndex(), limit=3, offset=offset) for offset in range(0, 10, 3)]

    assert [hit for page in pages for hit in page.memories] == whole
    assert {page.total for page in pages} == {10}


async def test_the_filters_are_passed_to_the_index():
    index = StaleIndex()

    await search(FewRows(memory(10, "new")), index, tags="new")

    assert index.required == [[facet("tag", "new")]]


async def test_hits_have_score_confidence_and_age():
    page = await search(FewRows(memory(10), memory(9)), StaleIndex())

    best, second = page.memories
    assert (best.score, best.confidence, best.relative_age) == (1, 100, "just now")
    assert second.score is not None
    assert second.confidence == round(second.score * 100)


async def test_beyond_the_last_hit_the_page_is_empty():
    page = await search(FewRows(memory(10)), StaleIndex(), offset=50)

    assert page.memories == []


def test_a_search_covers_active_memories_and_a_list_any_state():
    assert to_filter(ListQuery(q="x", state="all")).states == ("active",)
    assert to_filter(ListQuery()).states == ("active",)
    assert to_filter(ListQuery(state="deleted")).states == ("deleted",)
    assert set(to_filter(ListQuery(state="all")).states) == {"active", "paused", "archived", "deleted"}


async def test_a_closed_gate_returns_no_hits():
    page = await search(FewRows(memory(10)), StaleIndex(), is_open=False)

    assert (page.memories, page.total) == ([], 0)


@pytest.mark.parametrize(("min_confidence", "count"), [(0, 10), (10, 10), (11, 9), (95, 1), (100, 1)])
async def test_min_confidence_replaces_the_gate(min_confidence: int, count: int):
    rows = FewRows(*(memory(number) for number in range(1, 11)))

    page = await search(rows, StaleIndex(), is_open=False, min_confidence=min_confidence)

    assert (len(page.memories), page.total) == (count, count)
