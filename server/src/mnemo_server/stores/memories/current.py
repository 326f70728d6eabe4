"""Determines which memory is current: locks and queries for superseding."""

from __future__ import annotations

from mnemo_server.db.database import Connection
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.stores.memories.rows import to_memory


class CurrentMemories:
    """Reads inside a caller's transaction, and locks the rows that it returns."""

    def __init__(self, memories: QuerySet) -> None:
        self._memories = memories

    async def lock(self, tx: Connection, tenant_id: int) -> None:
        """Lock the set of current memories of a tenant until the commit; call it before any other read.

        Without the lock, two concurrent stores about one subject wouldn't see each other's rows.
        """
        await tx.fetch_one(self._memories.lock_places, {"tenant_id": tenant_id})

    async def lock_memory(self, tx: Connection, tenant_id: int, memory_id: int) -> StoredMemory | None:
        """Return a memory in any state, or None."""
        params = {"tenant_id": tenant_id, "ids": (memory_id,)}
        row = await tx.fetch_one(self._memories.lock_memories, params)
        return None if row is None else to_memory(row)

    async def find_alike(self, tx: Connection, tenant_id: int, likeness: bytes | None) -> StoredMemory | None:
        """Return the current memory that says the same, or None."""
        if likeness is None:
            return None
        row = await tx.fetch_one(self._memories.find_alike, {"tenant_id": tenant_id, "likeness": likeness})
        memory = None if row is None else await self.lock_memory(tx, tenant_id, row["id"])
        return memory if memory is not None and memory.likeness == likeness else None

    async def find_subject(
        self, tx: Connection, tenant_id: int, project: str | None, subject: str | None
    ) -> list[StoredMemory]:
        """Return the current memory of a subject in a project: one, or none."""
        if not subject:
            return []
        params = {"tenant_id": tenant_id, "project": project, "subject": subject}
        return [to_memory(row) for row in await tx.fetch_all(self._memories.lock_subject, params)]

    async def find_holder(self, tx: Connection, memory: StoredMemory) -> StoredMemory | None:
        """Follow `superseded_by` to the current memory; None if that one was deleted."""
        seen: set[int] = set()
        holder: StoredMemory | None = memory
        while holder is not None and holder.superseded_by is not None and holder.id not in seen:
            seen.add(holder.id)
            holder = await self.lock_memory(tx, holder.tenant_id, holder.superseded_by)
        return holder if holder is not None and holder.is_current else None
