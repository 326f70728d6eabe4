"""The rows that every new memory brings, written the same way by all stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mnemo_server.db.database import Connection
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.ids import IdSource
from mnemo_server.domain.memory import Actor, StoredMemory, snapshot
from mnemo_server.stores.ports import WrittenMemory
from mnemo_server.stores.rows import to_row

CREATED: Final = "created"
UPDATED: Final = "updated"
DELETED: Final = "deleted"


class MemoryWriter:
    """Writes memories with their tags, search entries and events inside a caller's transaction."""

    def __init__(self, memories: QuerySet, entries: QuerySet, ids: IdSource) -> None:
        self._memories = memories
        self._entries = entries
        self._ids = ids

    async def insert(self, tx: Connection, written: Sequence[WrittenMemory], actor: Actor) -> None:
        """Insert new memories and all that belongs to them: one statement per table."""
        if not written:
            return
        memories = [one.memory for one in written]
        await tx.execute_many(self._memories.put_memory, [to_row(memory) for memory in memories])
        await self.insert_tags(tx, memories)
        await tx.execute_many(self._entries.put_entry, [entry_row(one) for one in written])
        events = [self.event(CREATED, memory, None, actor, memory.updated_at) for memory in memories]
        await tx.execute_many(self._memories.put_event, events)

    async def insert_tags(self, tx: Connection, memories: Sequence[StoredMemory]) -> None:
        """Insert the tags of some memories one by one."""
        rows = [
            {"tenant_id": memory.tenant_id, "tag": tag, "memory_id": memory.id}
            for memory in memories
            for tag in memory.tags
        ]
        if rows:
            await tx.execute_many(self._memories.put_tag, rows)

    def event(
        self, action: str, memory: StoredMemory, prior: StoredMemory | None, actor: Actor, now: int
    ) -> dict[str, Any]:
        """Give the row that records a change: `memory` after it, `prior` before it."""
        return {
            "tenant_id": memory.tenant_id,
            "id": self._ids.new_id(),
            "memory_id": memory.id,
            "version": memory.version,
            "action": action,
            "agent_id": actor.agent_id,
            "key_id": actor.key_id,
            "request_id": actor.request_id,
            "prior": None if prior is None else snapshot(prior),
            "happened_at": now,
        }


def entry_row(written: WrittenMemory) -> dict[str, Any]:
    """Give a search entry as the parameters of `put_entry` and `replace_entry`."""
    entry = written.entry
    return {
        "tenant_id": written.memory.tenant_id,
        "memory_id": entry.memory_id,
        "revision": entry.revision,
        "token_count": entry.length,
        "terms": entry.terms,
        "session_key": entry.session_key,
        "seq": entry.seq,
        "speaker": entry.speaker,
        "traits": entry.traits,
        "changed_at": entry.changed_at,
        "created_at": entry.created_at,
    }
