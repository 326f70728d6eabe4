"""What enrichment reads and writes, in SQL: facts are merged in the transaction that ends their job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.enrichment.facts import Known
from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.jobs import ClaimedJob
from mnemo_server.domain.memories.memory import Actor, StoredMemory
from mnemo_server.stores.enrichment.facts import FactWriter
from mnemo_server.stores.enrichment.records import ENRICHER, Applied, PlannedFact, ResolvedFact
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.memories.create import MemoryCreator
from mnemo_server.stores.memories.current import CurrentMemories
from mnemo_server.stores.memories.rows import to_memory
from mnemo_server.stores.memories.write import MemoryWriter
from mnemo_server.stores.records import WrittenMemory

#: Maximum number of known tags, and of known subjects, that a model is shown.
KNOWN_TAGS: Final = 60
KNOWN_SUBJECTS: Final = 60


class EnrichmentStore:
    """What enrichment reads and writes. Each method is one unit of work.

    A job that another server has taken over changes nothing (JobLost).
    """

    def __init__(
        self,
        database: Database,
        memories: QuerySet,
        *,
        writer: MemoryWriter,
        creator: MemoryCreator,
        current_memories: CurrentMemories,
        jobs: JobWriter,
    ) -> None:
        self._database = database
        self._memories = memories
        self._writer = writer
        self._creator = creator
        self._current_memories = current_memories
        self._jobs = jobs

    async def read(self, tenant_id: int, memory_ids: Sequence[int]) -> list[StoredMemory]:
        """Read the active ones of some memories, messages in the order they were said."""
        params = {"tenant_id": tenant_id, "ids": memory_ids}
        rows = await self._database.fetch_all(self._memories.find_memories, params)
        found = [to_memory(row) for row in rows]
        return sorted(found, key=lambda memory: (memory.seq or 0, memory.id))

    async def list_known(self, tenant_id: int) -> Known:
        """List the most used tags and the latest subjects."""
        tags = await self._database.fetch_all(
            self._memories.list_frequent_tags, {"tenant_id": tenant_id, "limit": KNOWN_TAGS}
        )
        subjects = await self._database.fetch_all(
            self._memories.list_subjects, {"tenant_id": tenant_id, "limit": KNOWN_SUBJECTS}
        )
        return Known([row["tag"] for row in tags], [row["subject"] for row in subjects])

    async def find_subject(
        self, tenant_id: int, project: str | None, subject: str | None
    ) -> list[StoredMemory]:
        """Read the current memory of a subject in a project."""
        if not subject:
            return []
        params = {"tenant_id": tenant_id, "project": project, "subject": subject}
        rows = await self._database.fetch_all(self._memories.find_subject, params)
        return [to_memory(row) for row in rows]

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
        """Apply merge decisions and take the items out; `revise` returns a memory with another text."""

        async def write(facts: FactWriter) -> None:
            for plan in planned:
                await facts.put(plan, revise)

        return await self._write(job, item_ids, now, write)

    async def settle(
        self,
        job: ClaimedJob,
        memory_id: int,
        resolved: ResolvedFact,
        now: int,
        tag: Callable[[StoredMemory, Sequence[str]], WrittenMemory],
    ) -> Applied:
        """Add tags to a memory, supersede what it replaces, and take it out of the job."""
        return await self._write(
            job, (memory_id,), now, lambda facts: facts.settle(memory_id, resolved, now, tag)
        )

    async def _write(
        self,
        job: ClaimedJob,
        item_ids: Sequence[int],
        now: int,
        write: Callable[[FactWriter], Awaitable[None]],
    ) -> Applied:
        actor = Actor(ENRICHER, None, encode_id(job.id))

        async def work(tx: Connection) -> Applied:
            await self._current_memories.lock(tx, job.tenant_id)
            facts = FactWriter(
                tx,
                job.tenant_id,
                actor,
                writer=self._writer,
                creator=self._creator,
                current_memories=self._current_memories,
            )
            await write(facts)
            await self._jobs.take_out(tx, job, item_ids, now)
            return facts.applied

        return await self._database.transact(work)
