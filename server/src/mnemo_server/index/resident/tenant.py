"""One tenant in memory, kept up to date with the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import TypeVar

from mnemo_server.domain.clock import Clock
from mnemo_server.domain.search.question import Question
from mnemo_server.index.ranking.bm25 import Matches, Query, plan_query
from mnemo_server.index.ranking.ranker import Draft, Ranking, draft, rank
from mnemo_server.index.ranking.scope import Scope
from mnemo_server.index.resident.code_cache import CodeCache, TenantCodes
from mnemo_server.index.resident.loading import INLINE_ROWS
from mnemo_server.index.resident.segments import Merge, ResidentTenant, prepare
from mnemo_server.index.resident.single_flight import SingleFlight
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.index.segments.merge import merge_segments
from mnemo_server.index.segments.vectors import EmbeddedQuery, Embedding
from mnemo_server.index.source import EntrySource

FETCH_ROWS = 1000
"""Entries read from the database per statement."""

INLINE_POSTINGS = 50_000
"""Scoring more postings than this takes more than about 3 ms and is done outside the event loop, like all
work with vectors. Context takes one or two milliseconds more."""

T = TypeVar("T")


class LiveTenant:
    """Searches one tenant after asking the database what changed.

    That query reaches back by `overlap_us` before the newest change seen, which covers pending commits and
    servers whose clocks differ by less; known changes are recognized by id and revision.
    """

    def __init__(
        self,
        source: EntrySource,
        tenant_id: int,
        index: ResidentTenant,
        *,
        watermark: int,
        overlap_us: int,
        clock: Clock,
        on_refresh: Callable[[], None],
        codes: CodeCache,
    ) -> None:
        self.search_count = 0
        self.codes = TenantCodes(codes, partial(source.get_token_codes, tenant_id, index.space.model_id))
        self._source = source
        self._tenant_id = tenant_id
        self._index = index
        self._watermark = watermark
        self._overlap_us = overlap_us
        self._clock = clock
        self._on_refresh = on_refresh
        self._refresh = SingleFlight(self._bring_in_changes)
        self._merge_task: asyncio.Task[None] | None = None

    @property
    def size_bytes(self) -> int:
        """Approximate RAM of the index in bytes."""
        return self._index.size_bytes

    @property
    def bytes_per_memory(self) -> float:
        """Approximate RAM per memory in bytes."""
        return self.size_bytes / max(sum(segment.live_count for segment in self._index.segments), 1)

    async def search(
        self, question: Question, scope: Scope, embedding: Awaitable[EmbeddedQuery | None] | None
    ) -> Ranking:
        """Rank all memories that were committed before the call."""
        self.search_count += 1
        try:
            await self._refresh.run()
            query = plan_query(self._index.segments, question.terms, scope)
            matches = await _score(query, query.match)  # while a model creates the embedding
            embedded = None if embedding is None else await embedding
            if embedded is not None and embedded.model_id == self._index.space.model_id:
                return await self._rank_by_both(query, matches, question, embedded.embedding)
            return await _score(query, lambda: rank(draft(query, question, matches=matches), {}))
        finally:
            self.search_count -= 1

    async def _rank_by_both(
        self, query: Query, matches: Matches, question: Question, embedding: Embedding
    ) -> Ranking:
        """Rank with vectors, in one step when the codes of all candidates' words are in memory."""

        def try_to_rank() -> tuple[Draft, dict[int, int], dict[int, bytes], Ranking | None]:
            chosen = draft(query, question, embedding, matches)
            wanted = chosen.list_wanted()
            found = self.codes.find(wanted)
            return chosen, wanted, found, rank(chosen, found) if len(found) == len(wanted) else None

        chosen, wanted, found, ranking = await asyncio.to_thread(try_to_rank)
        codes = await self.codes.complete(wanted, found)
        return await asyncio.to_thread(rank, chosen, codes) if ranking is None else ranking

    def note(self, rows: Sequence[EntryRow]) -> None:
        """Add this server's writes after their commit."""
        self._index.note(rows)
        self._merge_if_due()

    async def close(self) -> None:
        """Stop the background work."""
        tasks = self._refresh.cancel()
        if self._merge_task is not None:
            self._merge_task.cancel()
            tasks.append(self._merge_task)
        await asyncio.gather(*tasks, return_exceptions=True)
        self.codes.close()

    async def _bring_in_changes(self) -> None:
        self._on_refresh()
        started_at = self._clock()
        changes = await self._source.changed_since(self._tenant_id, self._watermark - self._overlap_us)
        unseen = self._index.find_unseen(changes)
        memory_ids = list(unseen)
        for begin in range(0, len(memory_ids), FETCH_ROWS):
            await self._fetch(memory_ids[begin : begin + FETCH_ROWS], unseen)
        # A change in the future comes from a clock that is ahead: following it would hide others' changes.
        newest = max(map(itemgetter(2), changes), default=0)
        self._watermark = max(self._watermark, min(newest, started_at))
        self._index.forget_before(self._watermark - self._overlap_us)
        self._merge_if_due()

    async def _fetch(self, memory_ids: Sequence[int], unseen: dict[int, tuple[int, int]]) -> None:
        """Read entries and add them; an entry that is gone by now counts as deleted."""
        rows = await self._source.get_entries(self._tenant_id, memory_ids)
        found = {row.memory_id for row in rows}
        for memory_id in memory_ids:
            if memory_id not in found:
                revision, changed_at = unseen[memory_id]
                rows.append(EntryRow(memory_id, revision, changed_at, is_active=False, length=0, terms=b""))
        is_small = len(rows) <= INLINE_ROWS
        space = self._index.space
        prepared = prepare(rows, space) if is_small else await asyncio.to_thread(prepare, rows, space)
        self._index.install(*prepared)

    def _merge_if_due(self) -> None:
        """Merge large segments in the background; searches continue over the old ones."""
        if merge := self._index.begin_merge():
            self._merge_task = asyncio.create_task(self._merge(merge))

    async def _merge(self, merge: Merge) -> None:
        merged = None
        try:
            merged = await asyncio.to_thread(merge_segments, merge.sources)
        finally:
            self._index.finish_merge(merged)


async def _score(query: Query, work: Callable[[], T]) -> T:
    """Run work over the postings of a query, in a thread when there are many."""
    return work() if query.posting_count <= INLINE_POSTINGS else await asyncio.to_thread(work)
