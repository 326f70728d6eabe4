"""Memories in SQL. Each method is one unit of work: all of it happens, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.memories.memory import ACTIVE, Actor, StoredMemory, next_version
from mnemo_server.domain.memories.memory import DELETED as DELETED_STATE
from mnemo_server.index.segments.entries import REVISIONS_PER_VERSION
from mnemo_server.stores.memories.rows import to_memory
from mnemo_server.stores.memories.write import DELETED, MemoryWriter
from mnemo_server.stores.records import DeletedMemory, WrittenMemory


class MemoryStore:
    """Memories with their tags, search entries and events; `MemoryCreator` makes new ones."""

    def __init__(
        self,
        database: Database,
        memories: QuerySet,
        entries: QuerySet,
        writer: MemoryWriter,
    ) -> None:
        self._database = database
        self._memories = memories
        self._entries = entries
        self._writer = writer

    async def find(self, tenant_id: int, memory_id: int) -> StoredMemory | None:
        """Read one active memory."""
        params = {"tenant_id": tenant_id, "id": memory_id}
        row = await self._database.fetch_one(self._memories.find_memory, params)
        return None if row is None else to_memory(row)

    async def find_many(self, tenant_id: int, memory_ids: Sequence[int]) -> dict[int, StoredMemory]:
        """Read the active ones of some memories, by id."""
        if not memory_ids:
            return {}
        params = {"tenant_id": tenant_id, "ids": memory_ids}
        rows = await self._database.fetch_all(self._memories.find_memories, params)
        return {row["id"]: to_memory(row) for row in rows}

    async def list_page(
        self,
        tenant_id: int,
        wanted: MemoryFilter,
        *,
        limit: int,
        offset: int,
        unchanged_since: int | None = None,
    ) -> tuple[list[StoredMemory], int]:
        """List memories as they are now, latest change first, and count all that match.

        Messages are left out, and memories that were changed later than `unchanged_since`.
        """
        params = _filter_params(tenant_id, wanted, unchanged_since)
        page = params | {"limit": limit, "offset": offset}
        listing, counting = self._memories.list_memories, self._memories.count_memories
        if wanted.tags or wanted.tags_any:
            listing, counting = self._memories.list_tagged_memories, self._memories.count_tagged_memories
        rows = await self._database.fetch_all(listing, page)
        count = await self._database.fetch_one(counting, params)
        return [to_memory(row) for row in rows], count["total"] if count else 0

    async def update(
        self,
        tenant_id: int,
        memory_id: int,
        revise: Callable[[StoredMemory], WrittenMemory],
        actor: Actor,
    ) -> WrittenMemory | None:
        """Replace an active memory by the version that `revise` returns; None if there is none."""

        async def work(tx: Connection) -> WrittenMemory | None:
            current = next(iter(await self._lock(tx, tenant_id, (memory_id,))), None)
            if current is None or current.state != ACTIVE:
                return None
            revised = revise(current)
            await self._writer.replace(tx, current, revised, actor)
            return revised

        return await self._database.transact(work)

    async def delete(
        self, tenant_id: int, memory_ids: Sequence[int], actor: Actor, now: int
    ) -> list[DeletedMemory]:
        """Delete some memories, except those already deleted, and keep their last state in the event log."""

        async def work(tx: Connection) -> list[DeletedMemory]:
            locked = await self._lock(tx, tenant_id, memory_ids)
            held = [memory for memory in locked if memory.state != DELETED_STATE]
            if not held:
                return []
            ids = [memory.id for memory in held]
            target = {"tenant_id": tenant_id, "ids": ids}
            stamp = {"updated_by": actor.agent_id, "updated_at": now}
            await tx.execute(self._memories.delete_memories, target | stamp)
            deactivation = {"changed_at": now, "step": REVISIONS_PER_VERSION}
            await tx.execute(self._entries.deactivate_entries, target | deactivation)
            await tx.execute(self._entries.remove_vectors, target)
            gone = [next_version(memory, agent_id=actor.agent_id, now=now) for memory in held]
            events = [
                self._writer.event(DELETED, after, before, actor, now=after.updated_at)
                for before, after in zip(held, gone, strict=True)
            ]
            await tx.execute_many(self._memories.put_event, events)
            return [DeletedMemory(memory.id, memory.version, now) for memory in gone]

        return await self._database.transact(work)

    async def exists(self, tenant_id: int, memory_id: int) -> bool:
        """Whether there is or was such a memory, in any state."""
        params = {"tenant_id": tenant_id, "id": memory_id}
        return await self._database.fetch_one(self._memories.find_state, params) is not None

    async def _lock(self, tx: Connection, tenant_id: int, memory_ids: Sequence[int]) -> list[StoredMemory]:
        params = {"tenant_id": tenant_id, "ids": memory_ids}
        return [to_memory(row) for row in await tx.fetch_all(self._memories.lock_memories, params)]


def _filter_params(tenant_id: int, wanted: MemoryFilter, unchanged_since: int | None) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "states": wanted.states,
        "source": wanted.source,
        "agent_id": wanted.agent_id,
        "session_id": wanted.session_id,
        "project": wanted.project,
        "subject": wanted.subject,
        "with_superseded": int(wanted.with_superseded),
        "unchanged_since": unchanged_since,
        "created_from": wanted.created_from,
        "created_before": wanted.created_before,
        "memory_types": wanted.memory_types,
        "type_count": len(wanted.memory_types),
        "tags": wanted.tags,
        "tag_count": len(wanted.tags),
        "tags_any": wanted.tags_any,
        "tag_any_count": len(wanted.tags_any),
    }
