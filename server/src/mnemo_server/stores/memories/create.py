"""New memories: repeats are recognised, and what they replace makes room."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeAlias

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.errors import UniqueViolation, WriteConflict
from mnemo_server.domain.clock import Clock
from mnemo_server.domain.jobs import JobRequest
from mnemo_server.domain.memories.memory import ACTIVE, Actor, StoredMemory, describe_repeat
from mnemo_server.stores.idempotency import AnswerBook
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.memories.current import Places
from mnemo_server.stores.memories.write import Detail, MemoryWriter
from mnemo_server.stores.records import KeptAnswer, NoSuchMemory, Receipt, Stored, WrittenMemory

#: How often a store is tried anew because what stood in its way was gone when it was looked at.
_ATTEMPTS: Final = 5

Sign: TypeAlias = Callable[[Stored], Receipt] | None


class MemoryCreator:
    """Stores new memories, each in one transaction.

    Nothing is read for the usual one: a unique index refuses a repeat, and only then it is looked at.
    """

    def __init__(
        self,
        database: Database,
        writer: MemoryWriter,
        places: Places,
        *,
        answers: AnswerBook,
        jobs: JobWriter,
        clock: Clock,
    ) -> None:
        self._database = database
        self._writer = writer
        self._places = places
        self._answers = answers
        self._jobs = jobs
        self._clock = clock

    async def create(
        self,
        written: WrittenMemory,
        actor: Actor,
        sign: Sign,
        *,
        replaces: int | None = None,
        job: JobRequest | None = None,
    ) -> Stored | KeptAnswer:
        """Store a new memory, unless a current one says the same: then the log keeps what was sent.

        With a new memory `job` is asked for. It supersedes what is current about its subject, and the memory
        with the id `replaces`. `sign` makes the receipt of the outcome; the earlier response comes back when
        its key was used before.

        Raises:
            NoSuchMemory: there is no active memory with the id `replaces`.
        """
        memory = written.memory
        takes_place = replaces is not None or bool(memory.subject)

        async def work(tx: Connection) -> Stored:
            if takes_place:
                stored = await self.take_place(tx, written, actor, replaces)
            else:
                await self._writer.insert(tx, (written,), actor)
                stored = Stored(memory, is_new=True, entries=(written.entry,))
            if job is not None and stored.is_new:
                job_id = await self._jobs.request(tx, job, self._clock())
                stored = replace(stored, job_id=job_id)
            await self._answers.keep(tx, memory.tenant_id, sign and sign(stored))
            return stored

        async def repeat(tx: Connection) -> Stored | None:
            alike = await self._places.find_alike(tx, memory.tenant_id, memory.likeness)
            if alike is None:
                return None
            stored = Stored(alike, is_new=False)
            await self._writer.note_repeat(tx, alike, describe_repeat(memory), actor, self._clock())
            await self._answers.keep(tx, memory.tenant_id, sign and sign(stored))
            return stored

        for _ in range(_ATTEMPTS):
            with suppress(UniqueViolation):
                return await self._database.transact(work, only_inserts=not takes_place and job is None)
            # Its key was used before, or somebody said the same.
            kept = await self._answers.find(memory.tenant_id, _read_key(sign, memory))
            if kept is not None:
                return kept
            with suppress(UniqueViolation):
                stored = await self._database.transact(repeat)
                if stored is not None:
                    return stored
        raise WriteConflict("two rows got the same key")

    async def take_place(
        self,
        tx: Connection,
        written: WrittenMemory,
        actor: Actor,
        replaces: int | None,
        *,
        detail: Detail | None = None,
    ) -> Stored:
        """Insert a memory in the place of others; or let the one that says the same have theirs.

        `detail` says why, beside the reason that there is anyway.

        Raises:
            NoSuchMemory: there is no active memory with the id `replaces`.
        """
        memory = written.memory
        await self._places.lock(tx, memory.tenant_id)
        by_subject = await self._places.find_subject(tx, memory.tenant_id, memory.project, memory.subject)
        replaced = await self._find_replaced(tx, memory.tenant_id, replaces)
        by_wish = [one for one in replaced if one.id not in {other.id for other in by_subject}]
        alike = await self._places.find_alike(tx, memory.tenant_id, memory.likeness)
        # Nobody was superseded before, or by what came before: `as_of` can rely on it.
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
        """Give what stands in the place that is to be taken.

        Raises:
            NoSuchMemory: there is no active memory with this id.
        """
        if replaces is None:
            return []
        memory = await self._places.lock_memory(tx, tenant_id, replaces)
        if memory is None or memory.state != ACTIVE:
            raise NoSuchMemory
        holder = await self._places.find_holder(tx, memory)
        return [] if holder is None else [holder]


def _date(written: WrittenMemory, now: int) -> WrittenMemory:
    """Let a memory be made now: others may have been in front of it for seconds."""
    return WrittenMemory(
        replace(written.memory, created_at=now, updated_at=now),
        written.entry._replace(created_at=now, changed_at=now),
    )


def _read_key(sign: Sign, memory: StoredMemory) -> str | None:
    return None if sign is None else sign(Stored(memory, is_new=True)).key
