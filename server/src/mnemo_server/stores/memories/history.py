"""The history and past versions of memories, in SQL. Each method is one unit of work."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from mnemo_server.db.database import Database
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.memories.past import reconstruct
from mnemo_server.stores.memories.rows import to_memory
from mnemo_server.stores.memories.store import MemoryStore
from mnemo_server.stores.records import Event

#: Memories whose past versions are read in one query.
CHUNK_ROWS: Final = 500
#: Unchanged memories that are read in one query to be merged with changed ones.
PAGE_ROWS: Final = 200

_Key = tuple[int, int]


class HistoryStore:
    """The history and past versions of memories."""

    def __init__(self, database: Database, history: QuerySet, memories: MemoryStore) -> None:
        self._database = database
        self._history = history
        self._memories = memories

    async def find_history(
        self, tenant_id: int, memory_id: int, limit: int
    ) -> tuple[StoredMemory, list[Event]] | None:
        """Read a memory in any state, and its latest events, latest first."""
        params = {"tenant_id": tenant_id, "ids": (memory_id,)}
        row = await self._database.fetch_one(self._history.find_any_memories, params)
        if row is None:
            return None
        wanted = {"tenant_id": tenant_id, "memory_id": memory_id, "limit": limit}
        events = await self._database.fetch_all(self._history.list_events, wanted)
        return to_memory(row), [Event(**event) for event in events]

    async def find_many_at(
        self, tenant_id: int, memory_ids: Sequence[int], as_of: int
    ) -> dict[int, StoredMemory]:
        """Read some memories as they were at a time, by id, in any state; omit those that didn't exist."""
        found: dict[int, StoredMemory] = {}
        for start in range(0, len(memory_ids), CHUNK_ROWS):
            params = {"tenant_id": tenant_id, "ids": memory_ids[start : start + CHUNK_ROWS], "as_of": as_of}
            rows = await self._database.fetch_all(self._history.find_any_memories, params)
            priors = await self._database.fetch_all(self._history.find_priors, params)
            then = {row["memory_id"]: row["prior"] for row in priors}
            for memory in map(to_memory, rows):
                prior = then.get(memory.id)
                found[memory.id] = memory if prior is None else reconstruct(memory, prior)
        return found

    async def list_page_at(
        self, tenant_id: int, wanted: MemoryFilter, as_of: int, *, limit: int, offset: int
    ) -> tuple[list[StoredMemory], int]:
        """List memories as they were at a time, latest change first, and count all that matched then.

        Most memories haven't changed since: the database sorts and counts those. The few others are merged
        in.
        """
        changed = await self._find_changed(tenant_id, wanted, as_of)
        # Unchanged memories before this are before the page, wherever the changed ones belong.
        start = max(0, offset - len(changed))

        async def read(begin: int) -> tuple[list[StoredMemory], int]:
            return await self._memories.list_page(
                tenant_id, wanted, limit=PAGE_ROWS, offset=begin, unchanged_since=as_of
            )

        rows, unchanged_count = await read(start)
        waiting, mixed = deque(changed), list[StoredMemory | int]()
        needed = offset - start + limit
        while rows and len(mixed) < needed:
            for memory in rows:
                while waiting and waiting[0] > _key(memory):
                    mixed.append(waiting.popleft()[1])
                mixed.append(memory)
            start += len(rows)
            rows = (await read(start))[0] if len(rows) == PAGE_ROWS and len(mixed) < needed else []
        if len(mixed) < needed:
            mixed.extend(memory_id for _, memory_id in waiting)
        page = mixed[needed - limit : needed]
        then = await self.find_many_at(tenant_id, [one for one in page if isinstance(one, int)], as_of)
        found = [then[one] if isinstance(one, int) else one for one in page]
        return found, len(changed) + unchanged_count

    async def _find_changed(self, tenant_id: int, wanted: MemoryFilter, as_of: int) -> list[_Key]:
        """Return the memories that matched then and were changed since, latest change first."""
        params = {"tenant_id": tenant_id, "as_of": as_of}
        rows = await self._database.fetch_all(self._history.list_changed_since, params)
        ids = [row["id"] for row in rows]
        keys: list[_Key] = []
        for start in range(0, len(ids), CHUNK_ROWS):
            then = await self.find_many_at(tenant_id, ids[start : start + CHUNK_ROWS], as_of)
            keys += [_key(memory) for memory in then.values() if wanted.admits(memory)]
        return sorted(keys, reverse=True)


def _key(memory: StoredMemory) -> _Key:
    """Return the key by which lists are sorted."""
    return memory.updated_at, memory.id
