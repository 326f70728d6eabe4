"""Redacts stored data, in SQL. Each method is one unit of work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.errors import UniqueViolation, WriteConflict
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.jobs import ClaimedJob, Detail
from mnemo_server.domain.memories.memory import Actor, StoredMemory
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.memories.current import CurrentMemories
from mnemo_server.stores.memories.rows import to_memory, to_row
from mnemo_server.stores.memories.write import MemoryWriter, entry_row
from mnemo_server.stores.records import WrittenMemory

REDACTED: Final = "redacted"
#: Length to which a job's target is cut so that an id still fits into its column.
_MAX_TARGET_HEAD: Final = 200


#: The actor that the event log names for redactions.
REDACTOR: Final = "mnemos"


class Texts(StrEnum):
    """The tables with texts other than memories."""

    SESSIONS = "sessions"
    EVENTS = "events"
    RESPONSES = "answers"
    JOBS = "jobs"
    RECALLS = "recalls"


@dataclass(frozen=True, slots=True)
class KeptTexts:
    """The texts of one row."""

    key: int | str
    stamp: int
    """A time of the row, microseconds UTC; it differs if the row was overwritten since."""
    texts: Mapping[str, str | None]
    """The texts by column."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The next version of a memory, with marks in place of secrets."""

    current: StoredMemory
    written: WrittenMemory
    without_subject: WrittenMemory | None = None
    """The same without its subject, in case another memory is current for the redacted subject."""
    found: Counter[str] = field(default_factory=Counter)
    """Secrets by kind."""


class RedactionStore:
    """All rows of a tenant that hold texts, in the order of their keys, and their redacted replacements.

    `detail` replaces the job's detail in the same transaction, so that an interrupted sweep counts nothing
    twice.

    The rewriting methods raise:
        JobLost: another server has taken the job over; nothing was written.
    """

    def __init__(
        self,
        database: Database,
        redaction: QuerySet,
        memories: QuerySet,
        entries: QuerySet,
        *,
        writer: MemoryWriter,
        current_memories: CurrentMemories,
        jobs: JobWriter,
    ) -> None:
        self._database = database
        self._redaction = redaction
        self._memories = memories
        self._entries = entries
        self._writer = writer
        self._current_memories = current_memories
        self._jobs = jobs
        self._lists = {
            Texts.SESSIONS: self._redaction.list_session_texts,
            Texts.EVENTS: self._redaction.list_event_texts,
            Texts.RESPONSES: self._redaction.list_response_texts,
            Texts.JOBS: self._redaction.list_job_texts,
            Texts.RECALLS: self._redaction.list_recall_texts,
        }
        self._rewrites = {
            Texts.SESSIONS: (self._redaction.rename_session, self._redaction.remove_session),
            Texts.EVENTS: (self._redaction.rewrite_event_texts,),
            Texts.RESPONSES: (self._redaction.rewrite_response_texts,),
            Texts.JOBS: (self._redaction.rewrite_job_texts,),
            Texts.RECALLS: (self._redaction.rewrite_recall_texts,),
        }

    async def count(self, tenant_id: int) -> int:
        """Count the rows of memories and of all `Texts`."""
        row = await self._database.fetch_one(self._redaction.count_rows, {"tenant_id": tenant_id})
        return int(row["total"]) if row else 0

    async def list_memories(self, tenant_id: int, after: int, limit: int) -> list[StoredMemory]:
        """Read memories in every state with ids greater than `after`."""
        params = {"tenant_id": tenant_id, "after": after, "limit": limit}
        return [
            to_memory(row)
            for row in await self._database.fetch_all(self._redaction.list_all_memories, params)
        ]

    async def list_texts(self, tenant_id: int, where: Texts, after: int | str, limit: int) -> list[KeptTexts]:
        """Read rows with keys greater than `after`."""
        params = {"tenant_id": tenant_id, "after": after, "limit": limit}
        rows = await self._database.fetch_all(self._lists[where], params)
        return [
            KeptTexts(
                row["row_key"],
                row["stamp"],
                {name: text for name, text in row.items() if name not in ("row_key", "stamp")},
            )
            for row in rows
        ]

    async def rewrite_memories(
        self,
        job: ClaimedJob,
        rewrites: Sequence[Rewrite],
        clean: Callable[[StoredMemory], Rewrite | None],
        detail: Callable[[Sequence[Rewrite]], Detail],
        now: int,
    ) -> list[EntryRow]:
        """Write the next versions of memories, with events that reveal nothing of the secrets.

        A memory that was changed since it was read is redacted again. Returns the changed search entries.
        """
        by_id = {one.current.id: one for one in rewrites}
        moves_subjects = any(one.without_subject is not None for one in rewrites)

        async def work(tx: Connection) -> list[EntryRow]:
            if moves_subjects:
                await self._current_memories.lock(tx, job.tenant_id)
            params = {"tenant_id": job.tenant_id, "ids": sorted(by_id)}
            applied = []
            for row in await tx.fetch_all(self._memories.lock_memories, params):
                current = to_memory(row)
                planned: Rewrite | None = by_id[current.id]
                if planned is None or planned.current != current:
                    planned = clean(current)
                if planned is not None:
                    applied.append(await self._write(tx, job, planned))
            await self._jobs.note(tx, job, detail(applied), now)
            return [one.written.entry for one in applied]

        return await self._database.transact(work)

    async def rewrite_texts(
        self, job: ClaimedJob, where: Texts, rows: Sequence[KeptTexts], detail: Detail, now: int
    ) -> None:
        """Replace the texts of the same rows."""
        params: list[dict[str, Any]] = [
            {"tenant_id": job.tenant_id, "row_key": row.key, "stamp": row.stamp, **row.texts} for row in rows
        ]

        async def work(tx: Connection) -> None:
            for row in params:
                try:
                    await self._write_texts(tx, where, row)
                except UniqueViolation:  # only for jobs: another job has this target
                    target = f"{row['target'][:_MAX_TARGET_HEAD]} {encode_id(row['row_key'])}"
                    await self._write_texts(tx, where, row | {"target": target})
            await self._jobs.note(tx, job, detail, now)

        await self._database.transact(work)

    async def _write_texts(self, tx: Connection, where: Texts, row: dict[str, Any]) -> None:
        for query in self._rewrites[where]:
            await tx.execute(query, row)

    async def _write(self, tx: Connection, job: ClaimedJob, rewrite: Rewrite) -> Rewrite:
        current, written = rewrite.current, await self._spare_subject(tx, rewrite)
        memory = written.memory
        target = {"tenant_id": memory.tenant_id, "ids": (memory.id,)}
        row = to_row(memory) | {"version": current.version}
        try:
            count = await tx.execute(self._redaction.rewrite_memory, row)
        except UniqueViolation:
            # Another memory says the same apart from its secrets: both stay current.
            count = await tx.execute(self._redaction.rewrite_memory, row | {"likeness": None})
        if count != 1:
            raise WriteConflict("the memory changed while secrets were taken out of it")
        if memory.tags != current.tags:
            await tx.execute(self._memories.remove_tags, target)
            await self._writer.insert_tags(tx, (memory,))
        entry = entry_row(written) | {"is_active": int(written.entry.is_active)}
        await tx.execute(self._redaction.rewrite_entry, entry)
        await tx.execute(self._entries.remove_vectors, target)
        # The previous state, but without its secrets.
        before = replace(
            memory, version=current.version, updated_by=current.updated_by, updated_at=current.updated_at
        )
        event = self._writer.event(
            REDACTED,
            memory,
            before,
            Actor(REDACTOR, None, encode_id(job.id)),
            now=memory.updated_at,
            detail={"found": dict(rewrite.found)},
        )
        await tx.execute(self._memories.put_event, event)
        return replace(rewrite, written=written)

    async def _spare_subject(self, tx: Connection, rewrite: Rewrite) -> WrittenMemory:
        """Return the version without a subject if another memory is current for the redacted subject."""
        memory, alone = rewrite.written.memory, rewrite.without_subject
        if alone is None or not memory.is_current:
            return rewrite.written
        holders = await self._current_memories.find_subject(
            tx, memory.tenant_id, memory.project, memory.subject
        )
        return alone if any(one.id != memory.id for one in holders) else rewrite.written
