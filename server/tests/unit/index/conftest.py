"""An entry source that keeps its rows in memory."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.index.segments.entries import find_holders
from mnemo_server.index.source import Stretch

from .reference import Document, make_codes, make_row

SECOND = 1_000_000


class MemorySource:
    """Contains the entries of tenants like a database; `now` is the clock of its writers."""

    def __init__(self, page_rows=7):
        self.rows = {}
        self.documents = {}
        self.now = 1_000 * SECOND
        self.page_rows = page_rows
        self.loaded = []
        self.refresh_requests = []
        self.fetched = []
        self.code_requests = []
        self.load_gate = None
        self.change_gate = None
        self.code_gate = None
        self.reached = asyncio.Event()  # a caller waits at a gate
        self.failure = None

    def clock(self):
        return self.now

    def put(self, tenant_id, memory_id, tokens, tags=(), *, changed_at=None, **details):
        """Write a memory; `details` are those of a document."""
        document = Document(list(tokens), set(tags), **details)
        return self._write(tenant_id, memory_id, document, changed_at=changed_at)

    def delete(self, tenant_id, memory_id):
        return self._write(tenant_id, memory_id, None)

    def _write(self, tenant_id, memory_id, document, *, changed_at=None):
        rows = self.rows.setdefault(tenant_id, {})
        revision = rows[memory_id].revision + 1 if memory_id in rows else 1
        self.now += 1
        rows[memory_id] = make_row(memory_id, document, revision=revision, changed_at=changed_at or self.now)
        documents = self.documents.setdefault(tenant_id, {})
        documents.pop(memory_id, None)
        if document is not None:
            documents[memory_id] = document
        return rows[memory_id]

    async def load(self, tenant_id):
        self.loaded.append(tenant_id)
        rows = [row for row in self.rows.get(tenant_id, {}).values() if row.is_active]
        for begin in range(0, len(rows), self.page_rows):
            await self._pass(self.load_gate)
            yield rows[begin : begin + self.page_rows]
        await self._pass(self.load_gate)

    async def changed_since(self, tenant_id, since):
        self.refresh_requests.append((tenant_id, since))
        rows = self.rows.get(tenant_id, {}).values()
        result = [(row.memory_id, row.revision, row.changed_at) for row in rows if row.changed_at >= since]
        await self._pass(self.change_gate)
        return result

    async def get_entries(self, tenant_id, memory_ids):
        self.fetched.extend(memory_ids)
        rows = self.rows.get(tenant_id, {})
        result = [rows[memory_id] for memory_id in memory_ids if memory_id in rows]
        await self._pass(None)
        return result

    async def get_token_codes(self, tenant_id, model_id, memory_ids):
        self.code_requests.append((model_id, list(memory_ids)))
        known = make_codes(self.documents.get(tenant_id, {}), model_id)
        await self._pass(self.code_gate)
        return {memory_id: known[memory_id] for memory_id in memory_ids if memory_id in known}

    async def measure_stretch(self, tenant_id, after):
        following = sorted(key for key in self.rows.get(tenant_id, {}) if key > after)[: self.page_rows]
        await self._pass(None)
        if not following:
            return None
        active = [self.rows[tenant_id][key] for key in following if self.rows[tenant_id][key].is_active]
        return Stretch(after, following[-1], len(active), sum(row.length for row in active))

    async def find_holders(self, tenant_id, stretch, hashes):
        await self._pass(None)
        rows = self._active_in(tenant_id, stretch)
        return [rows[position] for position in find_holders([row.terms for row in rows], hashes)]

    async def find_near(self, tenant_id, stretch, wanted):
        await self._pass(None)
        rows = self._active_in(tenant_id, stretch)
        return [
            (row.memory_id, row.vector_code)
            for row in rows
            if row.vector_code is not None and row.model_id == wanted.model_id
        ]

    async def find_neighbours(self, tenant_id, memory_ids, reach):
        await self._pass(None)
        rows = self.rows.get(tenant_id, {})
        found = []
        for here in (rows[key] for key in memory_ids if rows[key].session_key is not None):
            thread = [row for row in rows.values() if row.is_active and row.session_key == here.session_key]
            thread.sort(key=lambda row: (row.seq, row.memory_id))
            place = thread.index(here)
            found += thread[max(place - reach, 0) : place] + thread[place + 1 : place + 1 + reach]
        return found

    def _active_in(self, tenant_id, stretch):
        rows = self.rows.get(tenant_id, {})
        return [row for key, row in rows.items() if stretch.after < key <= stretch.until and row.is_active]

    async def _pass(self, gate):
        await asyncio.sleep(0)
        if gate is not None:
            self.reached.set()
            await asyncio.wait_for(gate.wait(), 10)
        if self.failure is not None:
            raise self.failure


@pytest.fixture(scope="session")
def new_source():
    return MemorySource


@pytest.fixture
def source():
    return MemorySource()
