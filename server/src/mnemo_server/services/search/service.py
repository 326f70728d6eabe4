"""Find memories: by age without a query, by relevance with one."""

from __future__ import annotations

from typing import Final

from mnemos_contract.base import to_microseconds
from mnemos_contract.listing import ListQuery
from mnemos_contract.memories import Memory, MemoryPage, MemoryState

from mnemo_server.domain.clock import Clock
from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.memories.memory import ACTIVE, StoredMemory
from mnemo_server.index.ranking.ranker import EMPTY, Ranking
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.services.caller import Caller
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.memories.wire import to_wire
from mnemo_server.services.recall.search import RecallSearch
from mnemo_server.services.search.ranking import rank_text, to_scope
from mnemo_server.stores.memories.history import HistoryStore
from mnemo_server.stores.memories.store import MemoryStore

#: Hits of a ranking whose past versions are read at once.
_PAST_ROWS: Final = 500


class SearchService:
    """The operations list and search."""

    def __init__(
        self,
        store: MemoryStore,
        history: HistoryStore,
        index: SearchIndex,
        embedding: EmbeddingService,
        *,
        gate: RecallSearch,
        clock: Clock,
    ) -> None:
        """Take the search that knows whether anything matters for a query."""
        self._store = store
        self._history = history
        self._index = index
        self._embedding = embedding
        self._gate = gate
        self._clock = clock

    async def find(self, caller: Caller, query: ListQuery) -> MemoryPage:
        """Return a page of memories: latest change first, or best match first if there is a query."""
        wanted = to_filter(query)
        if query.is_search:
            memories, total = await self._search(caller, query, wanted)
        else:
            memories, total = await self._list(caller, query, wanted)
        return MemoryPage.model_construct(
            memories=memories, total=total, limit=query.limit, offset=query.offset
        )

    async def _list(self, caller: Caller, query: ListQuery, wanted: MemoryFilter) -> tuple[list[Memory], int]:
        bounds = {"limit": query.limit, "offset": query.offset}
        if wanted.as_of is None:
            page, total = await self._store.list_page(caller.tenant_id, wanted, **bounds)
        else:
            page, total = await self._history.list_page_at(caller.tenant_id, wanted, wanted.as_of, **bounds)
        now = self._clock()
        return [to_wire(memory, now=now) for memory in page], total

    async def _search(
        self, caller: Caller, query: ListQuery, wanted: MemoryFilter
    ) -> tuple[list[Memory], int]:
        embedded = self._embedding.embed_query(caller.tenant_id, query.q)
        ranking = await rank_text(self._index, caller.tenant_id, query.q, to_scope(wanted), embedded)
        if query.min_confidence is not None:
            ranking = ranking.from_confidence(query.min_confidence)
        elif self._is_gated(wanted) and not await self._gate.matters(caller, query.q, ranking):
            ranking = EMPTY
        if wanted.as_of is not None:
            return await self._read_past(caller, query, wanted, wanted.as_of, ranking)
        return await self._read(caller, query, wanted, ranking)

    @staticmethod
    def _is_gated(wanted: MemoryFilter) -> bool:
        """Return whether hits are for a prompt, perhaps: whoever asks for the past knows what for."""
        return wanted.as_of is None and not wanted.with_superseded

    async def _read(
        self, caller: Caller, query: ListQuery, wanted: MemoryFilter, ranking: Ranking
    ) -> tuple[list[Memory], int]:
        """Read a page of a ranking from the database, which alone decides what may be shown.

        A row that is gone or no longer meets the filter is skipped, and later ones move up.
        """
        now = self._clock()
        hits: list[Memory] = []
        gone = 0
        position = query.offset
        while position < len(ranking.memory_ids) and len(hits) < query.limit:
            until = position + query.limit - len(hits)
            ids = [int(number) for number in ranking.memory_ids[position:until]]
            held = await self._store.find_many(caller.tenant_id, ids)
            for rank, memory_id in enumerate(ids, start=position):
                memory = held.get(memory_id)
                if memory is None or not wanted.admits(memory):
                    gone += 1
                else:
                    hits.append(_show(memory, query, ranking, rank, now))
            position = until
        return hits, len(ranking.memory_ids) - gone

    async def _read_past(
        self, caller: Caller, query: ListQuery, wanted: MemoryFilter, as_of: int, ranking: Ranking
    ) -> tuple[list[Memory], int]:
        """Read a page of a ranking as the memories were at a time; all of it is read to count the matches."""
        now = self._clock()
        hits: list[Memory] = []
        total = 0
        ids = [int(number) for number in ranking.memory_ids]
        for begin in range(0, len(ids), _PAST_ROWS):
            chunk = ids[begin : begin + _PAST_ROWS]
            held = await self._history.find_many_at(caller.tenant_id, chunk, as_of)
            for rank, memory_id in enumerate(chunk, start=begin):
                memory = held.get(memory_id)
                if memory is not None and wanted.admits(memory):
                    if query.offset <= total < query.offset + query.limit:
                        hits.append(_show(memory, query, ranking, rank, now))
                    total += 1
        return hits, total


def _show(memory: StoredMemory, query: ListQuery, ranking: Ranking, rank: int, now: int) -> Memory:
    hit = to_wire(memory, now=now, score=float(ranking.scores[rank]))
    return explain(hit, ranking, rank) if query.explain else hit


def explain(hit: Memory, ranking: Ranking, rank: int) -> Memory:
    """Add the parts of its score to a hit, each as exact as the score itself."""
    return hit.model_copy(update={"score": float(ranking.scores[rank]), "explanation": ranking.explain(rank)})


def to_filter(query: ListQuery) -> MemoryFilter:
    """Return the filter of a query. `all` means every state in a list; a search covers active ones only."""
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
        subject=query.subject or None,
        created_from=None if query.created_from is None else to_microseconds(query.created_from),
        created_before=None if query.created_before is None else to_microseconds(query.created_before),
        with_superseded=query.include_superseded,
        as_of=None if query.as_of is None else to_microseconds(query.as_of),
    )
