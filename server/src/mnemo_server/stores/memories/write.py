"""Writes the rows of every change of memories, in the same way for all stores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mnemo_server.db.database import Connection
from mnemo_server.db.errors import UniqueViolation, WriteConflict
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.ids import IdSource, encode_id
from mnemo_server.domain.memories.filters import SUPERSEDED
from mnemo_server.domain.memories.memory import Actor, StoredMemory, snapshot, supersede
from mnemo_server.index.segments.entries import EntryRow, add_facet, facet, revision_of
from mnemo_server.stores.memories.rows import to_row
from mnemo_server.stores.records import WrittenMemory
from mnemo_server.stores.search_entries import to_entry

CREATED: Final = "created"
UPDATED: Final = "updated"
DELETED: Final = "deleted"
SUPERSEDED_EVENT: Final = "superseded"
RESTORED: Final = "restored"
REPEATED: Final = "repeated"

#: The JSON of an event: the reasons, and other memories concerned. Ids are written as the API shows them.
Detail = Mapping[str, Any]


class MemoryWriter:
    """Writes memories with their tags, search entries and events inside a caller's transaction."""

    def __init__(self, memories: QuerySet, entries: QuerySet, ids: IdSource) -> None:
        self._memories = memories
        self._entries = entries
        self._ids = ids

    async def insert(
        self,
        tx: Connection,
        written: Sequence[WrittenMemory],
        actor: Actor,
        detail: Detail | None = None,
    ) -> None:
        """Insert new memories with their tags, search entries and events: one statement per table.

        Raises:
            UniqueViolation: another memory says the same as one of them; see `CurrentMemories.find_alike`.
        """
        if not written:
            return
        memories = [one.memory for one in written]
        await tx.execute_many(self._memories.put_memory, [to_row(memory) for memory in memories])
        await self.insert_tags(tx, memories)
        await tx.execute_many(self._entries.put_entry, [entry_row(one) for one in written])
        events = [
            self.event(CREATED, memory, None, actor, now=memory.updated_at, detail=detail)
            for memory in memories
        ]
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

    async def replace(
        self,
        tx: Connection,
        current: StoredMemory,
        revised: WrittenMemory,
        actor: Actor,
        *,
        action: str = UPDATED,
        detail: Detail | None = None,
    ) -> None:
        """Write the next version over the current one, tags only if they differ; remove its vector."""
        memory = revised.memory
        target = {"tenant_id": memory.tenant_id, "ids": (memory.id,)}
        await self._write_version(tx, current, memory)
        await tx.execute(self._entries.replace_entry, entry_row(revised))
        await tx.execute(self._entries.remove_vectors, target)
        event = self.event(action, memory, current, actor, now=memory.updated_at, detail=detail)
        await tx.execute(self._memories.put_event, event)

    async def replace_facets(
        self,
        tx: Connection,
        current: StoredMemory,
        revised: WrittenMemory,
        actor: Actor,
        *,
        action: str,
        detail: Detail | None = None,
    ) -> EntryRow:
        """Write a version that search finds by the same text and keep its vector; return its search entry."""
        memory = revised.memory
        await self._write_version(tx, current, memory)
        (entry,) = await self._lock_entries(tx, memory.tenant_id, (memory.id,))
        changed = await self._change_terms(tx, memory, entry, revised.entry.terms, memory.updated_at)
        event = self.event(action, memory, current, actor, now=memory.updated_at, detail=detail)
        await tx.execute(self._memories.put_event, event)
        return changed

    async def supersede(
        self,
        tx: Connection,
        memories: Sequence[StoredMemory],
        by: int,
        actor: Actor,
        *,
        now: int,
        detail: Detail,
    ) -> list[EntryRow]:
        """Let the memory with the id `by` supersede current ones, which the caller has locked.

        This frees their likeness for `by`, which must be inserted afterwards. Returns their search entries,
        which the index must be given after the commit. `detail` gives the reasons; the id of `by` is added.
        """
        if not memories:
            return []
        after = [supersede(memory, by, agent_id=actor.agent_id, now=now) for memory in memories]
        for before, memory in zip(memories, after, strict=True):
            await self._write_version(tx, before, memory)
        ids = [memory.id for memory in memories]
        entries = {row.memory_id: row for row in await self._lock_entries(tx, memories[0].tenant_id, ids)}
        changed = [
            await self._change_terms(
                tx, memory, entries[memory.id], add_facet(entries[memory.id].terms, facet(*SUPERSEDED)), now
            )
            for memory in after
        ]
        told = {**detail, "by": encode_id(by)}
        events = [
            self.event(SUPERSEDED_EVENT, memory, before, actor, now=memory.updated_at, detail=told)
            for before, memory in zip(memories, after, strict=True)
        ]
        await tx.execute_many(self._memories.put_event, events)
        return changed

    async def note_repeat(
        self, tx: Connection, memory: StoredMemory, sent: Detail, actor: Actor, now: int
    ) -> None:
        """Record a repeat: keep what was sent in the history of the memory that already says it."""
        await tx.execute(
            self._memories.put_event, self.event(REPEATED, memory, None, actor, now=now, detail=sent)
        )

    def event(
        self,
        action: str,
        memory: StoredMemory,
        prior: StoredMemory | None,
        actor: Actor,
        *,
        now: int,
        detail: Detail | None = None,
    ) -> dict[str, Any]:
        """Return the row that records a change: `memory` after it, `prior` before it."""
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
            "detail": None if detail is None else json.dumps(detail, ensure_ascii=False),
        }

    async def _write_version(self, tx: Connection, current: StoredMemory, memory: StoredMemory) -> None:
        """Write a memory over its current version."""
        row = to_row(memory) | {"version": current.version}
        try:
            count = await tx.execute(self._memories.update_memory, row)
        except UniqueViolation:
            # Another memory says the same by now: both stay current, and repeats are matched with the other
            # one.
            count = await tx.execute(self._memories.update_memory, row | {"likeness": None})
        if count != 1:
            raise WriteConflict("the memory changed while it was being updated")
        if set(memory.tags) != set(current.tags):
            await tx.execute(self._memories.remove_tags, {"tenant_id": memory.tenant_id, "ids": (memory.id,)})
            await self.insert_tags(tx, (memory,))

    async def _lock_entries(self, tx: Connection, tenant_id: int, ids: Sequence[int]) -> list[EntryRow]:
        rows = await tx.fetch_all(self._entries.lock_entries, {"tenant_id": tenant_id, "ids": ids})
        return [to_entry(row) for row in rows]

    async def _change_terms(
        self, tx: Connection, memory: StoredMemory, entry: EntryRow, terms: bytes, now: int
    ) -> EntryRow:
        changed = entry._replace(revision=revision_of(memory.version), terms=terms, changed_at=now)
        params = {
            "tenant_id": memory.tenant_id,
            "memory_id": memory.id,
            "revision": changed.revision,
            "terms": changed.terms,
            "changed_at": changed.changed_at,
        }
        await tx.execute(self._entries.change_terms, params)
        return changed


def entry_row(written: WrittenMemory) -> dict[str, Any]:
    """Return a search entry as the parameters of `put_entry` and `replace_entry`."""
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
