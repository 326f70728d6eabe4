"""Caches binary codes of words: the same candidates recur in many searches, and their codes rarely change.

A memory's codes change when its vector is written, which increases the revision of its entry. So they are
cached under the revision that the index had before they were read, and are used only by a search whose index
has the same revision. Like codes that are read for a search, they may be newer than its index, but never
older.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

ENTRY_BYTES = 260
"""Approximate bytes per memory besides its codes: numbers, a tuple and a dictionary entry."""

FREED_AT_ONCE = 2_000
"""This many memories are freed in less than a millisecond; more wait for the next turn of the event loop."""

ReadCodes: TypeAlias = Callable[[Sequence[int]], Awaitable[Mapping[int, bytes]]]
"""`EntrySource.get_token_codes` for one tenant and model."""

_Kept: TypeAlias = OrderedDict[int, tuple[int, bytes]]  # memory_id -> revision, codes; oldest use first


class CodeCache:
    """Limits the codes of all tenants together: the least recently searched tenant's are dropped first.

    Use it, with all its `TenantCodes`, in one event loop. `hits` and `misses` count memories since the start.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.size_bytes = 0
        self.hits = 0
        self.misses = 0
        self._limit_bytes = limit_bytes
        self._filled: OrderedDict[TenantCodes, None] = OrderedDict()

    def note_use(self, tenant: TenantCodes, *, hits: int, misses: int) -> None:
        """Count the memories that a search of this tenant found here, and those that it didn't find."""
        self.hits += hits
        self.misses += misses
        if tenant in self._filled:
            self._filled.move_to_end(tenant)

    def note_size(self, tenant: TenantCodes, change_bytes: int) -> None:
        """Record by how much the size of a tenant's codes changed, and enforce the limit."""
        self.size_bytes += change_bytes
        if tenant.size_bytes:
            self._filled[tenant] = None
        else:
            self._filled.pop(tenant, None)
        if change_bytes > 0:
            self.make_room(self.size_bytes - self._limit_bytes)

    def make_room(self, wanted_bytes: int) -> int:
        """Drop at least `wanted_bytes`, or everything; return how many bytes were dropped."""
        before = self.size_bytes
        while self._filled and (missing := wanted_bytes - (before - self.size_bytes)) > 0:
            next(iter(self._filled)).forget(missing)
        return before - self.size_bytes


class TenantCodes:
    """The codes of one tenant, used as long as its index is in memory."""

    def __init__(self, cache: CodeCache, read: ReadCodes) -> None:
        """Accept the cache that limits them, and the function that reads codes that aren't cached."""
        self.size_bytes = 0
        self._cache = cache
        self._read = read
        self._kept: _Kept = OrderedDict()
        self._is_open = True

    def find(self, wanted: Mapping[int, int]) -> dict[int, bytes]:
        """Return the cached codes of these memories (id to revision). May be called from any thread."""
        kept, nothing = self._kept, (-1, b"")
        found = {}
        for memory_id, revision in wanted.items():
            kept_revision, codes = kept.get(memory_id, nothing)
            if kept_revision == revision:
                found[memory_id] = codes
        return found

    async def complete(self, wanted: Mapping[int, int], found: dict[int, bytes]) -> dict[int, bytes]:
        """Return the codes of all wanted memories: those that `find` found, and the others, which are read.

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
        """Drop the least recently used codes: at least `wanted_bytes`, or everything."""
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
        """Drop everything, and cache nothing any more."""
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
    """Free the objects, step by step when there are many."""
    for _ in range(min(len(kept), FREED_AT_ONCE)):
        kept.popitem()
    if kept:
        asyncio.get_running_loop().call_soon(_free, kept)
