"""Creates memories: recognises repeats, and supersedes older memories."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.errors import UniqueViolation, WriteConflict
from mnemo_server.domain.clock import Clock
from mnemo_server.domain.idempotency import IdempotentRequest, KeptResponse, M, Response
from mnemo_server.domain.jobs import JobRequest
from mnemo_server.domain.memories.memory import ACTIVE, Actor, StoredMemory, describe_repeat
from mnemo_server.stores.idempotency import IdempotencyStore
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.memories.current import CurrentMemories
from mnemo_server.stores.memories.write import Detail, MemoryWriter
from mnemo_server.stores.records import NoSuchMemory, Stored, WrittenMemory

#: Maximum number of attempts of a store; it is tried again if the conflicting row was gone when it was read.
_ATTEMPTS: Final = 5


class MemoryCreator:
    """Stores new memories, each in one transaction.

    The usual store reads nothing: a unique index refuses a repeat, and only then the memory is read.
    """

    def __init__(
        self,
        database: Database,
        writer: MemoryWriter,
        current_memories: CurrentMemories,
        *,
        responses: IdempotencyStore,
        jobs: JobWriter,
        clock: Clock,
    ) -> None:
        self._database = database
        self._writer = writer
        self._current_memories = current_memories
        self._responses = responses
        self._jobs = jobs
        self._clock = clock

    async def create(
        self,
        written: WrittenMemory,
        actor: Actor,
        respond: Callable[[Stored], M],
        once: IdempotentRequest | None = None,
        *,
        replaces: int | None = None,
        job: JobRequest | None = None,
    ) -> tuple[Stored, Response[M]] | KeptResponse:
        """Store a new memory, unless a current one says the same: then the event log keeps what was sent.

        A new memory supersedes the current memory of its subject, and the memory with the id `replaces`;
        `job` is requested with it. `respond` makes the response for the caller. When the key of `once` was
        used before, the response to that request is returned instead.

        Raises:
            NoSuchMemory: there is no active memory with the id `replaces`.
        """
        memory = written.memory
        supersedes = replaces is not None or bool(memory.subject)

        async def work(tx: Connection) -> tuple[Stored, Response[M]]:
            if supersedes:
                stored = await self.insert_superseding(tx, written, actor, replaces)
            else:
                await self._writer.insert(tx, (written,), actor)
                stored = Stored(memory, is_new=True, entries=(written.entry,))
            if job is not None and stored.is_new:
                job_id = await self._jobs.request(tx, job, self._clock())
                stored = replace(stored, job_id=job_id)
            return stored, await self._responses.keep(tx, memory.tenant_id, once, respond(stored))

        async def repeat(tx: Connection) -> tuple[Stored, Response[M]] | None:
            alike = await self._current_memories.find_alike(tx, memory.tenant_id, memory.likeness)
            if alike is None:
                return None
            stored = Stored(alike, is_new=False)
            await self._writer.note_repeat(tx, alike, describe_repeat(memory), actor, self._clock())
            return stored, await self._responses.keep(tx, memory.tenant_id, once, respond(stored))

        for _ in range(_ATTEMPTS):
            with suppress(UniqueViolation):
                return await self._database.transact(work, only_inserts=not supersedes and job is None)
            # The key was used before, or a memory says the same.
            kept = await self._responses.find(memory.tenant_id, once)
            if kept is not None:
                return kept
            with suppress(UniqueViolation):
                repeated = await self._database.transact(repeat)
                if repeated is not None:
                    return repeated
        raise WriteConflict("two rows got the same key")

    async def insert_superseding(
        self,
        tx: Connection,
        written: WrittenMemory,
        actor: Actor,
        replaces: int | None,
        *,
        detail: Detail | None = None,
    ) -> Stored:
        """Insert a memory that supersedes others; if a current one says the same, that one supersedes them.

        `detail` gives reasons, in addition to the reason that is always recorded.

        Raises:
            NoSuchMemory: there is no active memory with the id `replaces`.
        """
        memory = written.memory
        await self._current_memories.lock(tx, memory.tenant_id)
        by_subject = await self._current_memories.find_subject(
            tx, memory.tenant_id, memory.project, memory.subject
        )
        replaced = await self._find_replaced(tx, memory.tenant_id, replaces)
        by_wish = [one for one in replaced if one.id not in {other.id for other in by_subject}]
        alike = await self._current_memories.find_alike(tx, memory.tenant_id, memory.likeness)
        # Later than every change of the superseded memories and of this one: `as_of` relies on this order.
        now = max(self._clock(), *(one.updated_at + 1 for one in (*by_subject, *by_wish, memory)))
        holder_id = memory.id if alike is None else alike.id
        entries, superseded = [], []
        for reason, found in (("subject", by_subject), ("replaces", by_wish)):
            others = [one for one in found if one.id != holder_id]
            superseded += [one.id for one in others]
            entries += await self._writer.supersede(
                tx, others, holder_id, actor, now=now, detail={"reason": reason, **(detail or {})}
            )
        if alike is not None:
            sent = {**describe_repeat(memory), **(detail or {})}
            await self._writer.note_repeat(tx, alike, sent, actor, now)
            return Stored(alike, is_new=False, superseded=tuple(superseded), entries=tuple(entries))
        made = _date(written, now)
        await self._writer.insert(tx, (made,), actor, detail)
        return Stored(made.memory, is_new=True, superseded=tuple(superseded), entries=(made.entry, *entries))

    async def _find_replaced(
        self, tx: Connection, tenant_id: int, replaces: int | None
    ) -> list[StoredMemory]:
        """Return the memory to supersede: the one with the id `replaces`, or its current successor.

        Raises:
            NoSuchMemory: there is no active memory with this id.
        """
        if replaces is None:
            return []
        memory = await self._current_memories.lock_memory(tx, tenant_id, replaces)
        if memory is None or memory.state != ACTIVE:
            raise NoSuchMemory
        holder = await self._current_memories.find_holder(tx, memory)
        return [] if holder is None else [holder]


def _date(written: WrittenMemory, now: int) -> WrittenMemory:
    """Date a memory to the present: it may have waited seconds for other transactions."""
    return WrittenMemory(
        replace(written.memory, created_at=now, updated_at=now),
        written.entry._replace(created_at=now, changed_at=now),
    )
