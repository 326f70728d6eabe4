"""Keeps codes of words in memory: candidates come back search after search, and their codes seldom change.

A memory's codes change with a write of its vector, which raises the revision of its entry. So they are kept
under the revision that the index held before they were read, and serve only a search whose index holds the
same. Like codes that are read for a search they may be newer than its index, but never older.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

ENTRY_BYTES = 260
"""What a memory takes here beside its codes, about: numbers, a tuple and a place in a dictionary."""

FREED_AT_ONCE = 2_000
"""So many memories are freed in less than a millisecond; more have to wait until the event loop was free."""

ReadCodes: TypeAlias = Callable[[Sequence[int]], Awaitable[Mapping[int, bytes]]]
"""`EntrySource.get_token_codes` for one tenant and model."""

_Kept: TypeAlias = OrderedDict[int, tuple[int, bytes]]  # memory_id -> revision, codes; used longest ago first


class CodeCache:
    """Bounds the codes of all tenants together: those of the tenant searched longest ago make room first.

    Belongs to one event loop, with all its `TenantCodes`. `hits` and `misses` count memories since the start.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.size_bytes = 0
        self.hits = 0
        self.misses = 0
        self._limit_bytes = limit_bytes
        self._filled: OrderedDict[TenantCodes, None] = OrderedDict()

    def note_use(self, tenant: TenantCodes, *, hits: int, misses: int) -> None:
        """Count what a search of this tenant found here and what it didn't."""
        self.hits += hits
        self.misses += misses
        if tenant in self._filled:
            self._filled.move_to_end(tenant)

    def note_size(self, tenant: TenantCodes, change_bytes: int) -> None:
        """Count what a tenant keeps more than before, or less, and keep the limit."""
        self.size_bytes += change_bytes
        if tenant.size_bytes:
            self._filled[tenant] = None
        else:
            self._filled.pop(tenant, None)
        if change_bytes > 0:
            self.make_room(self.size_bytes - self._limit_bytes)

    def make_room(self, wanted_bytes: int) -> int:
        """Forget at least so many bytes, or everything; return how many it were."""
        before = self.size_bytes
        while self._filled and (missing := wanted_bytes - (before - self.size_bytes)) > 0:
            next(iter(self._filled)).forget(missing)
        return before - self.size_bytes


class TenantCodes:
    """The codes of one tenant, of use as long as its index is in memory."""

    def __init__(self, cache: CodeCache, read: ReadCodes) -> None:
        """Take the cache that bounds them, and what reads the codes that aren't kept."""
        self.size_bytes = 0
        self._cache = cache
        self._read = read
        self._kept: _Kept = OrderedDict()
        self._is_open = True

    def find(self, wanted: Mapping[int, int]) -> dict[int, bytes]:
        """Return what is kept of these memories under the revisions given with them. Any thread may ask."""
        kept, nothing = self._kept, (-1, b"")
        found = {}
        for memory_id, revision in wanted.items():
            kept_revision, codes = kept.get(memory_id, nothing)
            if kept_revision == revision:
                found[memory_id] = codes
        return found

    async def complete(self, wanted: Mapping[int, int], found: dict[int, bytes]) -> dict[int, bytes]:
        """Return the codes of all wanted memories, some of which `find` has found; the others are read.

        Errors of the entry source pass through.
        """
        missing = [memory_id for memory_id in wanted if memory_id not in found]
        self._cache.note_use(self, hits=len(found), misses=len(missing))
        for memory_id in found:
            if memory_id in self._kept:
                self._kept.move_to_end(memory_id)
        if not missing:
            return found
        read = await self._read(missing)
        codes = {memory_id: read.get(memory_id, b"") for memory_id in missing}
        if self._is_open:
            self._keep(wanted, codes)
        return found | codes

    def forget(self, wanted_bytes: int) -> None:
        """Forget what was of use longest ago: at least so many bytes, or everything."""
        if wanted_bytes >= self.size_bytes:
            forgotten, self._kept = self._kept, OrderedDict()
            _free(forgotten)
            self._note_change(-self.size_bytes)
            return
        freed_bytes = 0
        while freed_bytes < wanted_bytes:
            _, (_, codes) = self._kept.popitem(last=False)
            freed_bytes += ENTRY_BYTES + len(codes)
        self._note_change(-freed_bytes)

    def close(self) -> None:
        """Forget everything, and keep nothing any more."""
        self._is_open = False
        self.forget(self.size_bytes)

    def _keep(self, revisions: Mapping[int, int], codes: Mapping[int, bytes]) -> None:
        change_bytes = 0
        for memory_id, code in codes.items():
            if memory_id in self._kept:  # under another revision, or another search has read it meanwhile
                change_bytes -= ENTRY_BYTES + len(self._kept.pop(memory_id)[1])
            self._kept[memory_id] = (revisions[memory_id], code)
            change_bytes += ENTRY_BYTES + len(code)
        self._note_change(change_bytes)

    def _note_change(self, change_bytes: int) -> None:
        self.size_bytes += change_bytes
        self._cache.note_size(self, change_bytes)


def _free(kept: _Kept) -> None:
    """Let go of the objects, bit by bit when they are many."""
    for _ in range(min(len(kept), FREED_AT_ONCE)):
        kept.popitem()
    if kept:
        asyncio.get_running_loop().call_soon(_free, kept)
