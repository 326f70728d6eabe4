"""What enrichment reads and writes, in SQL: facts find their place in the transaction that ends their job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.facts import Fact
from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.jobs import ClaimedJob
from mnemo_server.domain.memory import Actor, StoredMemory
from mnemo_server.domain.merge import MergeAction, MergeDecision
from mnemo_server.index.entries import EntryRow
from mnemo_server.llm.ports import Known
from mnemo_server.stores.creating import MemoryCreator
from mnemo_server.stores.job_writing import JobWriter
from mnemo_server.stores.places import Places
from mnemo_server.stores.ports import NoSuchMemory, WrittenMemory
from mnemo_server.stores.rows import to_memory
from mnemo_server.stores.writing import UPDATED, Detail, MemoryWriter

#: Tags and subjects that a model is told of.
KNOWN_TAGS: Final = 60
KNOWN_SUBJECTS: Final = 60
#: Who the history names for what a model decided.
AGENT: Final = "mnemos"


@dataclass(frozen=True, slots=True)
class ResolvedFact:
    """A fact and what was decided about it."""

    fact: Fact
    decision: MergeDecision
    version: str
    """Which wording of the prompt asked."""


@dataclass(frozen=True, slots=True)
class PlannedFact:
    """A fact as a memory to be, and what was decided about it."""

    written: WrittenMemory
    resolved: ResolvedFact


@dataclass(slots=True)
class Applied:
    """What was written."""

    entries: list[EntryRow] = field(default_factory=list)
    """Every search entry that is another one now."""
    written: list[WrittenMemory] = field(default_factory=list)
    """Memories with a new text."""
    added: int = 0
    updated: int = 0
    superseded: int = 0
    repeated: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How often each of it happened, where it did."""
        names = ("added", "updated", "superseded", "repeated")
        return {name: count for name in names if (count := getattr(self, name))}


class EnrichmentStore(Protocol):
    """What enrichment reads and writes. A job that has passed to another server changes nothing (JobLost)."""

    async def read(self, tenant_id: int, memory_ids: Sequence[int]) -> list[StoredMemory]:
        """Read those of some memories that are active, messages in the order they were said."""

    async def list_known(self, tenant_id: int) -> Known:
        """List the tags used most, and the subjects used last."""

    async def drop(self, job: ClaimedJob, item_ids: Sequence[int], now: int) -> None:
        """Take items out of a job without a result."""

    async def apply(
        self,
        job: ClaimedJob,
        planned: Sequence[PlannedFact],
        item_ids: Sequence[int],
        now: int,
        revise: Callable[[StoredMemory, str], WrittenMemory],
    ) -> Applied:
        """Write facts as they were decided, and take the items out; `revise` gives a memory another text."""

    async def settle(
        self,
        job: ClaimedJob,
        memory_id: int,
        resolved: ResolvedFact,
        now: int,
        tag: Callable[[StoredMemory, Sequence[str]], WrittenMemory],
    ) -> Applied:
        """Give a memory its tags, let it take the place of what it supersedes, and take it out of the job."""


class SqlEnrichmentStore:
    """The EnrichmentStore port over any of the databases."""

    def __init__(
        self,
        database: Database,
        memories: QuerySet,
        writer: MemoryWriter,
        creator: MemoryCreator,
        places: Places,
        jobs: JobWriter,
    ) -> None:
        self._database = database
        self._memories = memories
        self._writer = writer
        self._creator = creator
        self._places = places
        self._jobs = jobs

    async def read(self, tenant_id: int, memory_ids: Sequence[int]) -> list[StoredMemory]:
        """Read those of some memories that are active, messages in the order they were said."""
        params = {"tenant_id": tenant_id, "ids": memory_ids}
        rows = await self._database.fetch_all(self._memories.find_memories, params)
        found = [to_memory(row) for row in rows]
        return sorted(found, key=lambda memory: (memory.seq or 0, memory.id))

    async def list_known(self, tenant_id: int) -> Known:
        """List the tags used most, and the subjects used last."""
        params = {"tenant_id": tenant_id, "limit": KNOWN_TAGS}
        tags = await self._database.fetch_all(self._memories.list_frequent_tags, params)
        params["limit"] = KNOWN_SUBJECTS
        subjects = await self._database.fetch_all(self._memories.list_subjects, params)
        return Known([row["tag"] for row in tags], [row["subject"] for row in subjects])

    async def drop(self, job: ClaimedJob, item_ids: Sequence[int], now: int) -> None:
        """Take items out of a job without a result."""
        await self._database.transact(lambda tx: self._jobs.take_out(tx, job, item_ids, now))

    async def apply(
        self,
        job: ClaimedJob,
        planned: Sequence[PlannedFact],
        item_ids: Sequence[int],
        now: int,
        revise: Callable[[StoredMemory, str], WrittenMemory],
    ) -> Applied:
        """Write facts as they were decided, and take the items out."""
        actor = Actor(AGENT, None, encode_id(job.id))

        async def work(tx: Connection) -> Applied:
            applied = Applied()
            await self._places.lock(tx, job.tenant_id)
            for plan in planned:
                if not await self._update(tx, plan, actor, applied, revise):
                    await self._add(tx, plan, actor, applied)
            await self._jobs.take_out(tx, job, item_ids, now)
            return applied

        return await self._database.transact(work)

    async def settle(
        self,
        job: ClaimedJob,
        memory_id: int,
        resolved: ResolvedFact,
        now: int,
        tag: Callable[[StoredMemory, Sequence[str]], WrittenMemory],
    ) -> Applied:
        """Give a memory its tags, let it take the place of what it supersedes, and take it out of the job."""
        actor = Actor(AGENT, None, encode_id(job.id))

        async def work(tx: Connection) -> Applied:
            applied = Applied()
            await self._places.lock(tx, job.tenant_id)
            memory = await self._places.lock_memory(tx, job.tenant_id, memory_id)
            if memory is not None and memory.is_current:
                await self._tag(tx, memory, resolved, actor, applied, tag)
                await self._supersede(tx, memory, resolved, actor, now, applied)
            await self._jobs.take_out(tx, job, (memory_id,), now)
            return applied

        return await self._database.transact(work)

    async def _update(
        self,
        tx: Connection,
        plan: PlannedFact,
        actor: Actor,
        applied: Applied,
        revise: Callable[[StoredMemory, str], WrittenMemory],
    ) -> bool:
        """Give a neighbour the text that says what both say; whether it could be done."""
        decision = plan.resolved.decision
        if decision.action is MergeAction.NONE and decision.memory_id is not None:
            neighbour = await self._find_changeable(tx, plan, may_be_pinned=True)
            if neighbour is None:
                return False
            sent = {"content": plan.written.memory.content, **_explain(plan)}
            await self._writer.note_repeat(tx, neighbour, sent, actor, plan.written.memory.updated_at)
            applied.repeated += 1
            return True
        if decision.action is not MergeAction.UPDATE or decision.content is None:
            return False
        neighbour = await self._find_changeable(tx, plan)
        if neighbour is None:
            return False
        revised = revise(neighbour, decision.content)
        await self._writer.replace(tx, neighbour, revised, actor, UPDATED, _explain(plan))
        applied.entries.append(revised.entry)
        applied.written.append(revised)
        applied.updated += 1
        return True

    async def _add(self, tx: Connection, plan: PlannedFact, actor: Actor, applied: Applied) -> None:
        """Store a fact, in the place of a neighbour where that was decided and still can be."""
        written = await self._spare_pinned(tx, plan.written)
        replaced = None
        if plan.resolved.decision.action is MergeAction.SUPERSEDE:
            replaced = await self._find_changeable(tx, plan)
        stored = await self._creator.take_place(
            tx, written, actor, None if replaced is None else replaced.id, detail=_explain(plan)
        )
        applied.entries.extend(stored.entries)
        applied.superseded += len(stored.superseded)
        applied.added += stored.is_new
        applied.repeated += not stored.is_new
        if stored.is_new:
            applied.written.append(WrittenMemory(stored.memory, stored.entries[0]))

    async def _tag(
        self,
        tx: Connection,
        memory: StoredMemory,
        resolved: ResolvedFact,
        actor: Actor,
        applied: Applied,
        tag: Callable[[StoredMemory, Sequence[str]], WrittenMemory],
    ) -> None:
        if memory.tags or not resolved.fact.tags or memory.memory_type == "pinned":
            return
        revised = tag(memory, resolved.fact.tags)
        detail = {"reason": "tagged", "prompt": resolved.version}
        await self._writer.replace(tx, memory, revised, actor, UPDATED, detail)
        applied.entries.append(revised.entry)
        applied.written.append(revised)
        applied.updated += 1

    async def _supersede(
        self,
        tx: Connection,
        memory: StoredMemory,
        resolved: ResolvedFact,
        actor: Actor,
        now: int,
        applied: Applied,
    ) -> None:
        decision = resolved.decision
        if decision.action is not MergeAction.SUPERSEDE or decision.memory_id in (None, memory.id):
            return
        older = await self._places.lock_memory(tx, memory.tenant_id, decision.memory_id or 0)
        if older is None or not older.is_current or older.memory_type == "pinned":
            return
        detail = {"reason": decision.reason or "a model's decision", "prompt": resolved.version, "merge": True}
        applied.entries += await self._writer.supersede(tx, [older], memory.id, actor, now, detail)
        applied.superseded += 1

    async def _find_changeable(
        self, tx: Connection, plan: PlannedFact, *, may_be_pinned: bool = False
    ) -> StoredMemory | None:
        """Give the neighbour that was decided about, if it still holds and may be changed."""
        memory = plan.written.memory
        neighbour = await self._places.lock_memory(
            tx, memory.tenant_id, plan.resolved.decision.memory_id or 0
        )
        if neighbour is None or not neighbour.is_current:
            return None
        return neighbour if may_be_pinned or neighbour.memory_type != "pinned" else None

    async def _spare_pinned(self, tx: Connection, written: WrittenMemory) -> WrittenMemory:
        """Let a fact stand beside a pinned memory of its subject, whose place no model may take."""
        memory = written.memory
        holders = await self._places.find_subject(tx, memory.tenant_id, memory.project, memory.subject)
        if all(holder.memory_type != "pinned" for holder in holders):
            return written
        return WrittenMemory(replace(memory, subject=None), written.entry)


def _explain(plan: PlannedFact) -> Detail:
    """Say why, for the history of whatever was changed."""
    decision = plan.resolved.decision
    detail = {
        "reason": decision.reason,
        "fact": plan.resolved.fact.content,
        "sources": [encode_id(source) for source in plan.resolved.fact.sources],
        "prompt": plan.resolved.version,
        "merge": True,
    }
    return {name: value for name, value in detail.items() if value}
