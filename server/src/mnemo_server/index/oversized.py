"""Searches an oversized tenant: the same ranking as in memory, read from the database piece by piece.

A search needs only a little of a tenant: its size, the memories that contain a term of the question, the
memories nearest to the question, and the messages around the best of both. The first three take one pass each
over all entries, stretch by stretch, so that memory stays bounded and no statement takes long. Then the same
functions rank them as for a tenant in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from mnemo_server.domain.search.question import Question
from mnemo_server.index.ranking import ranker
from mnemo_server.index.ranking.bm25 import Query, plan_query
from mnemo_server.index.ranking.candidates import choose, find_literal_holders
from mnemo_server.index.ranking.nearest import FINE_COUNT, Probe, Shortlist
from mnemo_server.index.ranking.ranker import Draft, Ranking, aim, find_word_terms, has_direction, rank
from mnemo_server.index.ranking.scope import Scope, ScopeFilter
from mnemo_server.index.ranking.statistics import CorpusSize
from mnemo_server.index.ranking.threads import LOOK
from mnemo_server.index.resident.segments import bury
from mnemo_server.index.segments.entries import hash_terms
from mnemo_server.index.segments.segment import Segment, build_segment
from mnemo_server.index.segments.vectors import Embedding, VectorSpace
from mnemo_server.index.source import EntrySource, NearQuery, Stretch

_PARALLEL = 2  # stretches that are read at once: one is transferred while another is processed

Codes: TypeAlias = tuple[NDArray[np.int64], NDArray[np.uint64]]
"""Memory ids, and the binary codes of their vectors in columns."""

T = TypeVar("T")


class OversizedSearch:
    """One search of one tenant. `size` is known after it ran."""

    def __init__(
        self, source: EntrySource, tenant_id: int, space: VectorSpace, question: Question, scope: Scope
    ) -> None:
        self.size = CorpusSize(0, 0)
        self._source = source
        self._tenant_id = tenant_id
        self._space = space
        self._question = question
        self._scope = scope
        self._facets = hash_terms([*(facet for group in scope.required for facet in group), *scope.excluded])
        self._excluded = hash_terms(scope.excluded)
        self._stretches: list[Stretch] = []

    async def run(self, embedding: Embedding | None) -> Ranking:
        """Rank what was committed before the call; `embedding` is in the space of the search."""
        await self._measure()
        meant = embedding if has_direction(embedding) else None
        holders = await self._read_holders(() if meant is None else meant.words)
        query = self._plan(holders)
        matches = await asyncio.to_thread(query.match)
        literal = query.memory_ids[find_literal_holders(query, self._question)]
        if meant is None:
            best = np.union1d(matches.memory_ids[: ranker.KEYWORD_CANDIDATES], literal)
            weights, probe = np.empty(0), None
        else:
            weights, probe = aim(query, meant)
            nearest = await self._find_nearest(probe, self._find_excluded(holders))
            best = np.union1d(np.union1d(matches.memory_ids[: ranker.BOTH_CANDIDATES], literal), nearest)
        around = await self._read_around(best)
        known_better = np.union1d(best, around.memory_ids)
        query = self._plan([*bury(holders, known_better), around])
        return await self._rank(query, best, meant, weights, probe)

    async def _rank(
        self,
        query: Query,
        best: NDArray[np.int64],
        embedding: Embedding | None,
        weights: NDArray[np.float64],
        probe: Probe | None,
    ) -> Ranking:
        choice = choose(query, _find_places(query.segments, best), probe)
        matches = await asyncio.to_thread(query.match)
        draft = Draft(query, self._question, matches, choice, embedding, weights)
        wanted = list(draft.list_wanted())
        codes = await self._source.get_token_codes(self._tenant_id, self._space.model_id, wanted)
        return await asyncio.to_thread(rank, draft, codes)

    def _plan(self, segments: Sequence[Segment]) -> Query:
        return plan_query(segments, self._question.terms, self._scope, self.size)

    async def _measure(self) -> None:
        """Find the stretches of the tenant and their sizes."""
        after = -1
        while stretch := await self._source.measure_stretch(self._tenant_id, after):
            self._stretches.append(stretch)
            after = stretch.until
        self.size = CorpusSize(
            sum(stretch.document_count for stretch in self._stretches),
            sum(stretch.length for stretch in self._stretches),
        )

    async def _read_holders(self, words: Sequence[str]) -> list[Segment]:
        """Read the entries that contain a term of the question or an excluded facet.

        The segments contain only these terms and the facets of the scope.
        """
        weighed = [term for term in find_word_terms(words).values() if term is not None]
        sought = np.union1d(hash_terms([*self._question.terms, *weighed]), self._excluded)
        kept = np.union1d(sought, self._facets)

        async def read(stretch: Stretch) -> Segment:
            rows = await self._source.find_holders(self._tenant_id, stretch, sought.tolist())
            return await asyncio.to_thread(build_segment, rows, only=kept)

        return await self._read_all(read)

    def _find_excluded(self, holders: Sequence[Segment]) -> NDArray[np.int64]:
        """Return the memories that the scope excludes."""
        found = [
            segment.memory_ids[segment.ordinals[where]]
            for segment in holders
            for where in segment.find_postings(self._excluded)
        ]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    async def _find_nearest(self, probe: Probe, excluded: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the nearest memories of the scope; `excluded` are the memories that the scope excludes."""
        shortlist = Shortlist(probe)
        times = self._scope.created_from, self._scope.created_before

        async def add(stretch: Stretch) -> None:
            if self._scope.required:
                found = await self._read_filtered(stretch)
            else:
                # The database doesn't leave out the excluded ones, so ask for that many more.
                in_the_way = np.count_nonzero((excluded > stretch.after) & (excluded <= stretch.until))
                wanted = NearQuery(self._space.model_id, probe.steps, FINE_COUNT + int(in_the_way), *times)
                pairs = await self._source.find_near(self._tenant_id, stretch, wanted)
                found = await asyncio.to_thread(_unpack, pairs, self._space, excluded)
            shortlist.add(*found)

        await self._read_all(add)
        return shortlist.best(ranker.BOTH_CANDIDATES)

    async def _read_filtered(self, stretch: Stretch) -> Codes:
        """Read the entries that pass the filters; the database applies the first filter."""
        group = hash_terms(self._scope.required[0]).tolist()
        rows = await self._source.find_holders(self._tenant_id, stretch, group)
        segment = await asyncio.to_thread(build_segment, rows, self._space, only=self._facets)
        allowed = ScopeFilter(self._scope).find_allowed(segment)
        kept = np.flatnonzero(segment.has_code if allowed is None else segment.has_code & allowed)
        return segment.memory_ids[kept], segment.codes[:, kept]

    async def _read_around(self, memory_ids: NDArray[np.int64]) -> Segment:
        """Read these memories and the messages around them, with their complete entries."""
        ids = memory_ids.tolist()
        rows = await self._source.find_neighbours(self._tenant_id, ids, LOOK)
        rows += await self._source.get_entries(self._tenant_id, ids)
        distinct = {row.memory_id: row for row in rows if row.is_active}
        return build_segment(list(distinct.values()), self._space)

    async def _read_all(self, read: Callable[[Stretch], Awaitable[T]]) -> list[T]:
        """Read every stretch, a few at a time; return the results in their order."""
        gate = asyncio.Semaphore(_PARALLEL)

        async def one(stretch: Stretch) -> T:
            async with gate:
                return await read(stretch)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(stretch)) for stretch in self._stretches]
        return [task.result() for task in tasks]


def _find_places(segments: Sequence[Segment], memory_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of live memories among the documents of all segments, ascending."""
    bases = accumulate((len(segment.alive) for segment in segments), initial=0)
    found = [
        ordinals[ordinals >= 0] + base
        for base, ordinals in zip(
            bases, (segment.find_ordinals(memory_ids) for segment in segments), strict=False
        )
    ]
    return np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)


def _unpack(pairs: Sequence[tuple[int, bytes]], space: VectorSpace, excluded: NDArray[np.int64]) -> Codes:
    memory_ids = np.fromiter((memory_id for memory_id, _ in pairs), dtype=np.int64, count=len(pairs))
    packed = np.frombuffer(b"".join(code for _, code in pairs), dtype="<u8")
    codes = packed.reshape(len(pairs), space.code_words).T
    kept = ~np.isin(memory_ids, excluded)
    return memory_ids[kept], np.ascontiguousarray(codes[:, kept], dtype=np.uint64)
