"""Finds the neighbours of facts, and stores facts as memories."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mnemos_contract.memories import MemoryType

from mnemo_server.domain.clock import Clock, to_datetime
from mnemo_server.domain.enrichment.facts import Fact
from mnemo_server.domain.enrichment.merge import MAX_NEIGHBOURS, Neighbour
from mnemo_server.domain.ids import IdSource
from mnemo_server.domain.jobs import ClaimedJob
from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.memories.memory import (
    ACTIVE,
    Changes,
    StoredMemory,
    hash_content,
    likeness_of,
    revise,
)
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.indexing import index_memory
from mnemo_server.services.search.ranking import rank_text, to_scope
from mnemo_server.stores.enrichment.records import ENRICHER, PlannedFact, ResolvedFact
from mnemo_server.stores.enrichment.store import EnrichmentStore
from mnemo_server.stores.memories.store import MemoryStore
from mnemo_server.stores.records import WrittenMemory

#: A memory is compared with a fact if the probability that both are about the same thing is at least this.
NEAR: Final = 0.15
_COMPARED: Final = MemoryFilter(memory_types=(MemoryType.INSIGHT.value, MemoryType.PINNED.value))


class FactPlacer:
    """Reads the neighbours of facts and writes facts."""

    def __init__(
        self,
        store: EnrichmentStore,
        memories: MemoryStore,
        *,
        index: SearchIndex,
        embedding: EmbeddingService,
        ids: IdSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._memories = memories
        self._index = index
        self._embedding = embedding
        self._ids = ids
        self._clock = clock

    async def find_neighbours(
        self, tenant_id: int, fact: Fact, sources: Sequence[StoredMemory]
    ) -> list[Neighbour]:
        """Return the current memory of its subject, then the nearest ones, of the project of its sources."""
        embedded = self._embedding.embed_query(tenant_id, fact.content)
        ranking = await rank_text(self._index, tenant_id, fact.content, to_scope(_COMPARED), embedded)
        near = ranking.memory_ids[ranking.scores >= NEAR][: 4 * MAX_NEIGHBOURS].tolist()
        same = await self._store.find_subject(tenant_id, sources[0].project, fact.subject)
        held = {one.id: one for one in same} | await self._memories.find_many(tenant_id, near)
        own = {one.id for one in sources}
        found = [held[one] for one in dict.fromkeys([*(one.id for one in same), *near]) if one in held]
        fitting = [one for one in found if one.project == sources[0].project and one.is_current]
        return [_to_neighbour(one) for one in fitting if one.id not in own][:MAX_NEIGHBOURS]

    async def write(
        self, job: ClaimedJob, sources: Sequence[StoredMemory], resolved: Sequence[ResolvedFact]
    ) -> dict[str, int]:
        """Write facts and take their sources out of the job; return the changes by kind."""
        by_id = {one.id: one for one in sources}
        planned = await asyncio.to_thread(lambda: [self._plan(one, by_id) for one in resolved])
        applied = await self._store.apply(
            job, planned, [one.id for one in sources], self._clock(), self._revise
        )
        self._index.note(job.tenant_id, applied.entries)
        self._embedding.note(applied.written)
        return applied.counts

    async def settle_text(
        self, job: ClaimedJob, memory: StoredMemory, resolved: ResolvedFact
    ) -> dict[str, int]:
        """Tag a memory that was stored as text and apply its merge decision; return the changes by kind."""
        applied = await self._store.settle(job, memory.id, resolved, self._clock(), self._tag)
        self._index.note(job.tenant_id, applied.entries)
        self._embedding.note(applied.written)
        return applied.counts

    def _plan(self, resolved: ResolvedFact, sources: dict[int, StoredMemory]) -> PlannedFact:
        fact = resolved.fact
        source = sources[fact.sources[-1]]
        now = self._clock()
        memory = StoredMemory(
            tenant_id=source.tenant_id,
            id=self._ids.new_id(),
            content=fact.content,
            memory_type=MemoryType.INSIGHT.value,
            state=ACTIVE,
            version=1,
            content_hash=hash_content(fact.content),
            created_at=now,
            updated_at=now,
            source=source.source,
            tags=fact.tags,
            metadata=json.dumps({"said_at": to_datetime(fact.said_at).isoformat()}),
            agent_id=source.agent_id,
            session_id=source.session_id,
            project=source.project,
            updated_by=ENRICHER,
            subject=fact.subject,
            derived_from=fact.sources,
        )
        return PlannedFact(index_memory(replace(memory, likeness=likeness_of(memory))), resolved)

    def _revise(self, memory: StoredMemory, content: str) -> WrittenMemory:
        return index_memory(revise(memory, Changes(content=content), agent_id=ENRICHER, now=self._clock()))

    def _tag(self, memory: StoredMemory, tags: Sequence[str]) -> WrittenMemory:
        return index_memory(revise(memory, Changes(tags=tuple(tags)), agent_id=ENRICHER, now=self._clock()))


def _to_neighbour(memory: StoredMemory) -> Neighbour:
    return Neighbour(
        memory.id,
        memory.content,
        memory.created_at,
        is_pinned=memory.memory_type == MemoryType.PINNED.value,
        tags=memory.tags,
        subject=memory.subject,
    )
