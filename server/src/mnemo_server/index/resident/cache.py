"""The search indexes that are in memory: loaded on demand, evicted under a budget."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from typing import Final

import structlog

from mnemo_server.domain.clock import Clock, system_clock
from mnemo_server.domain.search.question import Question
from mnemo_server.index.oversized import OversizedSearch
from mnemo_server.index.ranking.ranker import EMPTY, Ranking
from mnemo_server.index.ranking.scope import EVERYTHING, Scope
from mnemo_server.index.resident.code_cache import CodeCache
from mnemo_server.index.resident.loading import TenantTooLarge, load_tenant
from mnemo_server.index.resident.segments import ResidentTenant
from mnemo_server.index.resident.single_flight import mark_retrieved
from mnemo_server.index.resident.tenant import LiveTenant
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.index.segments.vectors import NO_VECTORS, EmbeddedQuery, VectorSpace
from mnemo_server.index.source import EntrySource

#: Codes of words take at most this fraction (1/n) of the budget; the rest is reserved for indexes.
CODE_SHARE: Final = 4
#: Limit of simultaneous searches of oversized tenants; each of them keeps a core and the database busy.
_SCANS_AT_ONCE: Final = 2
#: Share of the budget that an oversized tenant must fit into before it is loaded again.
_FITS_AGAIN: Final = 0.8

_log = structlog.get_logger("mnemo")


class SearchIndex:
    """Searches tenants in memory over entries that the database stores.

    A tenant that takes more than the whole budget is oversized: its searches read the database instead. Call
    all methods in one event loop. `loads`, `evictions`, `refreshes` and `scans` (searches of oversized
    tenants) count since the start.
    """

    def __init__(
        self,
        source: EntrySource,
        *,
        memory_budget_bytes: int,
        overlap_us: int = 10_000_000,
        clock: Clock = system_clock,
    ) -> None:
        self.loads = 0
        self.evictions = 0
        self.refreshes = 0
        self.scans = 0
        self.codes = CodeCache(memory_budget_bytes // CODE_SHARE)
        self._source = source
        self._budget_bytes = memory_budget_bytes
        self._room_for_codes = memory_budget_bytes  # what the indexes left free at the last eviction
        self._space = NO_VECTORS
        self._overlap_us = overlap_us
        self._clock = clock
        self._tenants: OrderedDict[int, LiveTenant] = OrderedDict()  # least recently searched first
        self._loading: dict[int, asyncio.Task[LiveTenant]] = {}
        self._is_over_budget = False  # after the last eviction: all remaining tenants were in use
        self._noted: dict[int, list[EntryRow]] = {}  # own writes to tenants that are being loaded
        self._oversized: dict[int, float] = {}  # bytes that one memory of the tenant would take in RAM
        self._scan_gate = asyncio.Semaphore(_SCANS_AT_ONCE)

    @property
    def resident_bytes(self) -> int:
        """Approximate RAM of the indexes of all resident tenants, in bytes; `codes` takes more besides."""
        return sum(tenant.size_bytes for tenant in self._tenants.values())

    @property
    def tenant_count(self) -> int:
        """Number of tenants in memory."""
        return len(self._tenants)

    async def search(
        self,
        tenant_id: int,
        question: Question,
        scope: Scope = EVERYTHING,
        embedding: Awaitable[EmbeddedQuery | None] | None = None,
    ) -> Ranking:
        """Rank the memories of a scope that contain a term of the question or whose vectors are near to it.

        Sees every change that was committed, through any server, before the call. `embedding` is awaited
        after the tenant is in memory and up to date. If it is None, or from another model than the one passed
        to `use_model`, only keywords are used. Errors of the entry source pass through.
        """
        if embedding is None and not question.terms:
            return EMPTY
        if tenant_id not in self._oversized:
            try:
                return await self._search_in_memory(tenant_id, question, scope, embedding)
            except TenantTooLarge as reason:
                self._set_oversized(tenant_id, reason.bytes_per_memory)
        return await self._scan(tenant_id, question, scope, embedding)

    def use_model(self, space: VectorSpace) -> None:
        """Use vectors of this space from now on; tenants are loaded again when they are searched next."""
        if space != self._space:
            self._space = space
            for tenant in self._tenants.values():
                tenant.codes.close()
            self._tenants.clear()
            self._oversized.clear()

    def note(self, tenant_id: int, rows: Sequence[EntryRow]) -> None:
        """Add this server's writes after their commit; do nothing for a tenant that isn't in memory."""
        if tenant_id in self._loading:
            self._noted[tenant_id].extend(rows)
        elif tenant := self._tenants.get(tenant_id):
            tenant.note(rows)

    async def close(self) -> None:
        """Stop all background work and drop everything."""
        loads = list(self._loading.values())
        for load in loads:
            load.cancel()
        await asyncio.gather(
            *loads, *(tenant.close() for tenant in self._tenants.values()), return_exceptions=True
        )
        self._tenants.clear()

    async def _search_in_memory(
        self,
        tenant_id: int,
        question: Question,
        scope: Scope,
        embedding: Awaitable[EmbeddedQuery | None] | None,
    ) -> Ranking:
        tenant = await self._get_tenant(tenant_id)
        size_before = tenant.size_bytes
        ranking = await tenant.search(question, scope, embedding)
        has_grown = tenant.size_bytes > size_before or self.codes.size_bytes > self._room_for_codes
        if tenant.size_bytes > self._budget_bytes and self._tenants.get(tenant_id) is tenant:
            tenant.codes.close()
            del self._tenants[tenant_id]
            self._set_oversized(tenant_id, tenant.bytes_per_memory)
        elif self._is_over_budget or has_grown:
            self._evict(tenant)
        return ranking

    async def _scan(
        self,
        tenant_id: int,
        question: Question,
        scope: Scope,
        embedding: Awaitable[EmbeddedQuery | None] | None,
    ) -> Ranking:
        embedded = None if embedding is None else await embedding
        async with self._scan_gate:
            self.scans += 1
            space = self._space
            is_usable = embedded is not None and embedded.model_id == space.model_id
            search = OversizedSearch(self._source, tenant_id, space, question, scope)
            ranking = await search.run(embedded.embedding if embedded is not None and is_usable else None)
        needed_bytes = search.size.document_count * self._oversized.get(tenant_id, 0)
        if needed_bytes < _FITS_AGAIN * self._budget_bytes:
            self._oversized.pop(tenant_id, None)
        return ranking

    def _set_oversized(self, tenant_id: int, bytes_per_memory: float) -> None:
        if tenant_id not in self._oversized:
            _log.warning(
                "a tenant needs more than the memory for search indexes; its searches read the database and "
                "take seconds: raise MNEMO_INDEX_MEMORY_MB",
                tenant_id=tenant_id,
                bytes_per_memory=round(bytes_per_memory),
            )
        self._oversized[tenant_id] = bytes_per_memory

    async def _get_tenant(self, tenant_id: int) -> LiveTenant:
        if tenant := self._tenants.get(tenant_id):
            self._tenants.move_to_end(tenant_id)
            return tenant
        if tenant_id not in self._loading:
            self._noted[tenant_id] = []
            self._loading[tenant_id] = asyncio.create_task(self._load(tenant_id))
            self._loading[tenant_id].add_done_callback(mark_retrieved)
        return await asyncio.shield(self._loading[tenant_id])

    async def _load(self, tenant_id: int) -> LiveTenant:
        """Read a tenant; rows noted meanwhile are applied after the rows read, so that none is lost."""
        self.loads += 1
        started_at = self._clock()
        try:
            index, newest = await self._read(tenant_id)
            while index.space != self._space:  # the model was changed meanwhile
                index, newest = await self._read(tenant_id)
            index.note(self._noted[tenant_id])
        finally:
            del self._loading[tenant_id], self._noted[tenant_id]
        tenant = LiveTenant(
            self._source,
            tenant_id,
            index,
            # Not simply the newest row: a long load can read recent rows after it has missed older changes.
            watermark=min(newest, started_at) or started_at,
            overlap_us=self._overlap_us,
            clock=self._clock,
            on_refresh=self._count_refresh,
            codes=self.codes,
        )
        self._tenants[tenant_id] = tenant
        self._evict(tenant)
        return tenant

    async def _read(self, tenant_id: int) -> tuple[ResidentTenant, int]:
        return await load_tenant(self._source, tenant_id, self._space, self._budget_bytes)

    def _count_refresh(self) -> None:
        self.refreshes += 1

    def _evict(self, kept: LiveTenant) -> None:
        """Evict the least recently searched tenants until the budget is met, but none that is in use."""
        surplus_bytes = self.resident_bytes + self.codes.size_bytes - self._budget_bytes
        for tenant_id, tenant in list(self._tenants.items()):
            if surplus_bytes > 0 and tenant is not kept and not tenant.search_count:
                surplus_bytes -= tenant.size_bytes + tenant.codes.size_bytes
                tenant.codes.close()
                del self._tenants[tenant_id]
                self.evictions += 1
        surplus_bytes -= self.codes.make_room(surplus_bytes)
        self._room_for_codes = self.codes.size_bytes - surplus_bytes
        self._is_over_budget = surplus_bytes > 0
