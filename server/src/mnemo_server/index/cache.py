"""The search indexes that are in memory: loaded on demand, evicted under a budget."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Sequence

from mnemo_server.domain.clock import Clock, system_clock
from mnemo_server.domain.question import Question
from mnemo_server.index.code_cache import CodeCache
from mnemo_server.index.entries import EntryRow
from mnemo_server.index.flight import mark_retrieved
from mnemo_server.index.loading import load_tenant
from mnemo_server.index.ranking import EMPTY, Ranking
from mnemo_server.index.scope import EVERYTHING, Scope
from mnemo_server.index.source import EntrySource
from mnemo_server.index.tenant import LiveTenant
from mnemo_server.index.vectors import NO_VECTORS, EmbeddedQuery, VectorSpace

CODE_SHARE = 4
"""Codes of words take at most one part in so many of the budget; what they leave is for indexes alone."""


class SearchIndex:
    """Searches tenants in memory over entries that the database holds.

    All methods belong to one event loop. `loads`, `evictions` and `refreshes` count since the start.
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
        self.codes = CodeCache(memory_budget_bytes // CODE_SHARE)
        self._source = source
        self._budget_bytes = memory_budget_bytes
        self._room_for_codes = memory_budget_bytes  # what indexes left at the last eviction
        self._space = NO_VECTORS
        self._overlap_us = overlap_us
        self._clock = clock
        self._tenants: OrderedDict[int, LiveTenant] = OrderedDict()  # searched longest ago first
        self._loading: dict[int, asyncio.Task[LiveTenant]] = {}
        self._is_over_budget = False  # after the last eviction: what was left was in use
        self._noted: dict[int, list[EntryRow]] = {}  # own writes to tenants that are being loaded

    @property
    def resident_bytes(self) -> int:
        """Memory taken by the indexes of all resident tenants, about; `codes` takes some beside them."""
        return sum(tenant.size_bytes for tenant in self._tenants.values())

    @property
    def tenant_count(self) -> int:
        """Tenants in memory."""
        return len(self._tenants)

    async def search(
        self,
        tenant_id: int,
        question: Question,
        scope: Scope = EVERYTHING,
        embedding: Awaitable[EmbeddedQuery | None] | None = None,
    ) -> Ranking:
        """Rank the memories of a scope that hold a term of the question or whose vectors are near to it.

        Sees every change that was committed, through any server, before the call. `embedding` is waited for
        after the tenant is in memory and up to date; None, and vectors of another model than `use_model`
        named, mean that keywords find alone. Errors of the entry source pass through.
        """
        if embedding is None and not question.terms:
            return EMPTY
        tenant = await self._get_tenant(tenant_id)
        size_before = tenant.size_bytes
        ranking = await tenant.search(question, scope, embedding)
        has_grown = tenant.size_bytes > size_before or self.codes.size_bytes > self._room_for_codes
        if self._is_over_budget or has_grown:
            self._evict(tenant)
        return ranking

    def use_model(self, space: VectorSpace) -> None:
        """Hold vectors of this space from now on; tenants are loaded anew when they are searched next."""
        if space != self._space:
            self._space = space
            for tenant in self._tenants.values():
                tenant.codes.close()
            self._tenants.clear()

    def note(self, tenant_id: int, rows: Sequence[EntryRow]) -> None:
        """Take over own writes after their commit; nothing happens for a tenant that isn't in memory."""
        if tenant_id in self._loading:
            self._noted[tenant_id].extend(rows)
        elif tenant := self._tenants.get(tenant_id):
            tenant.note(rows)

    async def close(self) -> None:
        """Stop all background work and forget everything."""
        loads = list(self._loading.values())
        for load in loads:
            load.cancel()
        await asyncio.gather(
            *loads, *(tenant.close() for tenant in self._tenants.values()), return_exceptions=True
        )
        self._tenants.clear()

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
        """Read a tenant; rows noted meanwhile are applied after what was read, so none is lost."""
        self.loads += 1
        started_at = self._clock()
        try:
            index, newest = await load_tenant(self._source, tenant_id, self._space)
            while index.space != self._space:  # another model came meanwhile
                index, newest = await load_tenant(self._source, tenant_id, self._space)
            index.note(self._noted[tenant_id])
        finally:
            del self._loading[tenant_id], self._noted[tenant_id]
        tenant = LiveTenant(
            self._source,
            tenant_id,
            index,
            # Not simply the newest row: a long load reads recent rows after it has missed older changes.
            watermark=min(newest, started_at) or started_at,
            overlap_us=self._overlap_us,
            clock=self._clock,
            on_refresh=self._count_refresh,
            codes=self.codes,
        )
        self._tenants[tenant_id] = tenant
        self._evict(tenant)
        return tenant

    def _count_refresh(self) -> None:
        self.refreshes += 1

    def _evict(self, kept: LiveTenant) -> None:
        """Forget the tenants searched longest ago until the budget is kept, but none in use."""
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
