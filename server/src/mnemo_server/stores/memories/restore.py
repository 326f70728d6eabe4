"""Restores memories that were deleted, superseded or changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.errors import UniqueViolation
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.clock import Clock
from mnemo_server.domain.idempotency import IdempotentRequest, KeptResponse, M, Response
from mnemo_server.domain.memories.memory import ACTIVE, Actor, StoredMemory
from mnemo_server.domain.memories.past import reconstruct
from mnemo_server.stores.idempotency import IdempotencyStore
from mnemo_server.stores.memories.current import CurrentMemories
from mnemo_server.stores.memories.write import RESTORED, MemoryWriter
from mnemo_server.stores.records import (
    NoSuchMemory,
    NoSuchVersion,
    Restored,
    WrittenMemory,
)

#: Reasons recorded when a successor was made to replace a memory; restoring the memory supersedes it again.
_SWAPPED: Final = ("replaces",)

Revive: TypeAlias = Callable[[StoredMemory, StoredMemory | None, int], WrittenMemory]


class MemoryRestorer:
    """Makes a memory current again, in one transaction with superseding its rivals."""

    def __init__(
        self,
        database: Database,
        history: QuerySet,
        writer: MemoryWriter,
        current_memories: CurrentMemories,
        *,
        responses: IdempotencyStore,
        clock: Clock,
    ) -> None:
        self._database = database
        self._history = history
        self._writer = writer
        self._current_memories = current_memories
        self._responses = responses
        self._clock = clock

    async def restore(
        self,
        tenant_id: int,
        memory_id: int,
        version: int | None,
        actor: Actor,
        *,
        revive: Revive,
        respond: Callable[[StoredMemory], M],
        once: IdempotentRequest | None = None,
    ) -> tuple[Restored, Response[M]] | KeptResponse:
        """Make a memory current again, as it is now or as it was in an earlier version.

        It supersedes the memory that is current for its subject by now. It also supersedes its own successor
        if that one was made to replace it, by a merge or a request: the restore takes that decision back.
        `revive` makes the next version from the current one, the earlier one if there is one, and the time.

        Raises:
            NoSuchMemory: there never was such a memory.
            NoSuchVersion: the memory never had this version.
        """

        async def work(tx: Connection) -> tuple[Restored, Response[M]]:
            await self._current_memories.lock(tx, tenant_id)
            current = await self._current_memories.lock_memory(tx, tenant_id, memory_id)
            if current is None:
                raise NoSuchMemory
            restored = await self._bring_back(tx, current, version, actor, revive)
            return restored, await self._responses.keep(tx, tenant_id, once, respond(restored.memory))

        try:
            return await self._database.transact(work)
        except UniqueViolation as violation:
            return await self._responses.get(tenant_id, once, violation)

    async def _bring_back(
        self, tx: Connection, current: StoredMemory, version: int | None, actor: Actor, revive: Revive
    ) -> Restored:
        earlier = (
            None if version in (None, current.version) else await self._find_version(tx, current, version)
        )
        rivals = await self._find_rivals(tx, current)
        now = max(self._clock(), *(one.updated_at + 1 for one in (current, *rivals)))
        revived = revive(current, earlier, now)
        entries = await self._writer.supersede(
            tx, rivals, current.id, actor, now=now, detail={"reason": "restored"}
        )
        detail = _describe(current, earlier)
        if current.state == ACTIVE and _is_found_alike(current, revived.memory):
            entry = await self._writer.replace_facets(
                tx, current, revived, actor, action=RESTORED, detail=detail
            )
        else:
            await self._writer.replace(tx, current, revived, actor, action=RESTORED, detail=detail)
            entry = revived.entry
        return Restored(revived.memory, (entry, *entries))

    async def _find_version(self, tx: Connection, current: StoredMemory, version: int) -> StoredMemory:
        """Return a memory as it was in a version.

        Raises:
            NoSuchVersion: the memory never had this version.
        """
        params = {"tenant_id": current.tenant_id, "memory_id": current.id, "version": version}
        row = await tx.fetch_one(self._history.find_version, params)
        if row is None:
            raise NoSuchVersion
        return reconstruct(current, row["prior"])

    async def _find_rivals(self, tx: Connection, current: StoredMemory) -> list[StoredMemory]:
        """Return the memories that can't stay current next to a restored memory."""
        subject = await self._current_memories.find_subject(
            tx, current.tenant_id, current.project, current.subject
        )
        rivals = {one.id: one for one in subject if one.id != current.id}
        if current.superseded_by is not None and await self._is_swapped(tx, current):
            holder = await self._current_memories.find_holder(tx, current)
            if holder is not None:
                rivals[holder.id] = holder
        return [rivals[one] for one in sorted(rivals)]

    async def _is_swapped(self, tx: Connection, current: StoredMemory) -> bool:
        """Whether its successor was made to replace it, rather than being stored next to it."""
        params = {"tenant_id": current.tenant_id, "memory_id": current.id}
        row = await tx.fetch_one(self._history.find_superseding, params)
        detail: dict[str, Any] = json.loads(row["detail"] or "{}") if row else {}
        return bool(detail.get("merge")) or detail.get("reason") in _SWAPPED


def _describe(current: StoredMemory, earlier: StoredMemory | None) -> dict[str, Any]:
    """Return the detail of the event: the state and the version that a memory was restored from."""
    detail: dict[str, Any] = {}
    if current.state != ACTIVE:
        detail["from"] = current.state
    elif current.superseded_by is not None:
        detail["from"] = "superseded"
    return detail if earlier is None else detail | {"version": earlier.version}


def _is_found_alike(one: StoredMemory, other: StoredMemory) -> bool:
    """Whether search finds two versions by the same text."""
    return one.content == other.content and one.tags == other.tags
