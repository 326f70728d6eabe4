"""Find memories: by age without a query, by relevance with one."""

from __future__ import annotations

import asyncio

from mnemos_contract.base import to_microseconds
from mnemos_contract.memories import ListQuery, Memory, MemoryPage, MemoryState

from mnemo_server.domain.clock import Clock
from mnemo_server.domain.filters import MemoryFilter
from mnemo_server.domain.memory import ACTIVE
from mnemo_server.domain.question import read_question
from mnemo_server.index.cache import SearchIndex
from mnemo_server.index.entries import facet
from mnemo_server.index.ranking import Ranking
from mnemo_server.index.scope import Scope
from mnemo_server.services.caller import Caller
from mnemo_server.services.embedding import EmbeddingService
from mnemo_server.services.indexing import run_analysis
from mnemo_server.services.wire import to_wire
from mnemo_server.stores.ports import MemoryStore


class SearchService:
    """The verbs list and search."""

    def __init__(
        self, store: MemoryStore, index: SearchIndex, embedding: EmbeddingService, clock: Clock
    ) -> None:
        self._store = store
        self._index = index
        self._embedding = embedding
        self._clock = clock

    async def find(self, caller: Caller, query: ListQuery) -> MemoryPage:
        """Give a page of memories: newest change first, or with a query best match first."""
        wanted = to_filter(query)
        if query.is_search:
            memories, total = await self._search(caller, query, wanted)
        else:
            memories, total = await self._list(caller, query, wanted)
        return MemoryPage.model_construct(
            memories=memories, total=total, limit=query.limit, offset=query.offset
        )

    async def _list(self, caller: Caller, query: ListQuery, wanted: MemoryFilter) -> tuple[list[Memory], int]:
        page, total = await self._store.list_page(
            caller.tenant_id, wanted, limit=query.limit, offset=query.offset
        )
        now = self._clock()
        return [to_wire(memory, now=now) for memory in page], total

    async def _search(
        self, caller: Caller, query: ListQuery, wanted: MemoryFilter
    ) -> tuple[list[Memory], int]:
        embedding = asyncio.create_task(self._embedding.embed_query(caller.tenant_id, query.q))
        try:
            question = await run_analysis(lambda: read_question(query.q), len(query.q))
            ranking = await self._index.search(caller.tenant_id, question, to_scope(wanted), embedding)
        finally:
            embedding.cancel()
        return await self._read(caller, query, wanted, ranking)

    async def _read(
        self, caller: Caller, query: ListQuery, wanted: MemoryFilter, ranking: Ranking
    ) -> tuple[list[Memory], int]:
        """Read a page of a ranking from the database, which alone decides what may be shown.

        A row that is gone or no longer meets the filter is passed over, and later ones move up.
        """
        now = self._clock()
        hits: list[Memory] = []
        gone = 0
        place = query.offset
        while place < len(ranking.memory_ids) and len(hits) < query.limit:
            until = place + query.limit - len(hits)
            ids = [int(number) for number in ranking.memory_ids[place:until]]
            held = await self._store.find_many(caller.tenant_id, ids)
            for rank, memory_id in enumerate(ids, start=place):
                memory = held.get(memory_id)
                if memory is None or not wanted.admits(memory):
                    gone += 1
                else:
                    hit = to_wire(memory, now=now, score=float(ranking.scores[rank]))
                    hits.append(explain(hit, ranking, rank) if query.explain else hit)
            place = until
        return hits, len(ranking.memory_ids) - gone


def to_scope(wanted: MemoryFilter) -> Scope:
    """Give the conditions of a filter as the index knows them."""
    required = [[facet(field, value) for value in values] for field, values in wanted.required()]
    return Scope(required, wanted.created_from, wanted.created_before)


def explain(hit: Memory, ranking: Ranking, rank: int) -> Memory:
    """Add to a hit what its score is made of, each part as exact as the score itself."""
    return hit.model_copy(update={"score": float(ranking.scores[rank]), "explanation": ranking.explain(rank)})


def to_filter(query: ListQuery) -> MemoryFilter:
    """Read the conditions of a query. `all` means every state when listing; a search knows active ones."""
    if query.is_search or not query.state:
        states: tuple[str, ...] = (ACTIVE,)
    elif query.state == "all":
        states = tuple(state.value for state in MemoryState)
    else:
        states = (query.state,)
    return MemoryFilter(
        states=states,
        memory_types=tuple(dict.fromkeys(query.memory_type)),
        tags=tuple(dict.fromkeys(query.tags)),
        tags_any=tuple(dict.fromkeys(query.tags_any)),
        source=query.source or None,
        agent_id=query.agent_id or None,
        session_id=query.session_id or None,
        project=query.project or None,
        created_from=None if query.created_from is None else to_microseconds(query.created_from),
        created_before=None if query.created_before is None else to_microseconds(query.created_before),
    )
