"""Applies merge decisions inside one transaction; pinned memories are never changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mnemos_contract.memories import MemoryType

from mnemo_server.db.database import Connection
from mnemo_server.domain.enrichment.merge import MergeAction
from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.memories.memory import Actor, StoredMemory
from mnemo_server.stores.enrichment.records import Applied, PlannedFact, ResolvedFact
from mnemo_server.stores.memories.create import MemoryCreator
from mnemo_server.stores.memories.current import CurrentMemories
from mnemo_server.stores.memories.write import Detail, MemoryWriter
from mnemo_server.stores.records import WrittenMemory


class FactWriter:
    """Used for one transaction, which holds the tenant's lock on current memories."""

    def __init__(
        self,
        tx: Connection,
        tenant_id: int,
        actor: Actor,
        *,
        writer: MemoryWriter,
        creator: MemoryCreator,
        current_memories: CurrentMemories,
    ) -> None:
        #: The changes so far.
        self.applied = Applied()
        self._tx = tx
        self._tenant_id = tenant_id
        self._actor = actor
        self._writer = writer
        self._creator = creator
        self._current_memories = current_memories

    async def put(self, plan: PlannedFact, revise: Callable[[StoredMemory, str], WrittenMemory]) -> None:
        """Apply a fact's merge decision; if its neighbour no longer allows that, add the fact."""
        decision = plan.resolved.decision
        neighbour = await self._find_holding(decision.memory_id)
        is_free = neighbour is not None and not _is_pinned(neighbour)
        if decision.action is MergeAction.NONE and neighbour is not None:
            await self._repeat(neighbour, plan)
        elif decision.action is MergeAction.UPDATE and decision.content and neighbour is not None and is_free:
            await self._replace(neighbour, revise(neighbour, decision.content), _explain(plan.resolved))
        else:
            takes_place = decision.action is MergeAction.SUPERSEDE and is_free
            await self._add(plan, neighbour.id if takes_place and neighbour is not None else None)

    async def settle(
        self,
        memory_id: int,
        resolved: ResolvedFact,
        now: int,
        tag: Callable[[StoredMemory, Sequence[str]], WrittenMemory],
    ) -> None:
        """Add tags to a memory that has none, and supersede the older memory if that was decided."""
        memory = await self._find_holding(memory_id)
        if memory is None:
            return
        if resolved.fact.tags and not memory.tags and not _is_pinned(memory):
            await self._replace(memory, tag(memory, resolved.fact.tags), _explain(resolved))
        if resolved.decision.action is not MergeAction.SUPERSEDE:
            return
        older = await self._find_holding(resolved.decision.memory_id)
        if older is None or older.id == memory.id or _is_pinned(older):
            return
        at = max(now, older.updated_at + 1)
        self.applied.entries += await self._writer.supersede(
            self._tx, [older], memory.id, self._actor, now=at, detail=_explain(resolved)
        )
        self.applied.superseded += 1

    async def _repeat(self, neighbour: StoredMemory, plan: PlannedFact) -> None:
        sent = {"content": plan.written.memory.content, **_explain(plan.resolved)}
        now = plan.written.memory.updated_at
        await self._writer.note_repeat(self._tx, neighbour, sent, self._actor, now)
        self.applied.repeated += 1

    async def _replace(self, current: StoredMemory, revised: WrittenMemory, detail: Detail) -> None:
        await self._writer.replace(self._tx, current, revised, self._actor, detail=detail)
        self.applied.entries.append(revised.entry)
        self.applied.written.append(revised)
        self.applied.updated += 1

    async def _add(self, plan: PlannedFact, replaces: int | None) -> None:
        written = await self._spare_pinned(plan.written)
        stored = await self._creator.insert_superseding(
            self._tx, written, self._actor, replaces, detail=_explain(plan.resolved)
        )
        self.applied.entries.extend(stored.entries)
        self.applied.superseded += len(stored.superseded)
        if stored.is_new:
            self.applied.added += 1
            self.applied.written.append(WrittenMemory(stored.memory, stored.entries[0]))
        else:
            self.applied.repeated += 1

    async def _find_holding(self, memory_id: int | None) -> StoredMemory | None:
        """Return a memory if it is still current."""
        if memory_id is None:
            return None
        memory = await self._current_memories.lock_memory(self._tx, self._tenant_id, memory_id)
        return memory if memory is not None and memory.is_current else None

    async def _spare_pinned(self, written: WrittenMemory) -> WrittenMemory:
        """Drop the subject of a fact if a pinned memory has it: a model may not supersede that one."""
        memory = written.memory
        holders = await self._current_memories.find_subject(
            self._tx, self._tenant_id, memory.project, memory.subject
        )
        if not any(map(_is_pinned, holders)):
            return written
        return WrittenMemory(replace(memory, subject=None), written.entry)


def _is_pinned(memory: StoredMemory) -> bool:
    return memory.memory_type == MemoryType.PINNED.value


def _explain(resolved: ResolvedFact) -> Detail:
    """Return the reasons for the event log of a changed memory."""
    detail = {
        "reason": resolved.decision.reason,
        "fact": resolved.fact.content,
        "sources": [encode_id(source) for source in resolved.fact.sources],
        "prompt": resolved.version,
        "merge": True,
    }
    return {name: value for name, value in detail.items() if value}
