"""An entry source in memory, and BM25 written down plainly to compare with."""

from __future__ import annotations

import asyncio
import math
from collections import Counter

import pytest
from mnemo_server.index.entries import EntryRow, encode_terms, facet

SECOND = 1_000_000


class MemorySource:
    """Holds entries of tenants as a database would; `now` is the clock of whoever writes."""

    def __init__(self, page_rows=7):
        self.rows = {}
        self.documents = {}
        self.now = 1_000 * SECOND
        self.page_rows = page_rows
        self.loaded = []
        self.asked = []
        self.fetched = []
        self.load_gate = None
        self.change_gate = None
        self.reached = asyncio.Event()  # somebody stands at a gate
        self.failure = None

    def clock(self):
        return self.now

    def put(self, tenant_id, memory_id, tokens, tags=(), *, changed_at=None):
        return self._write(
            tenant_id, memory_id, list(tokens), list(tags), is_active=True, changed_at=changed_at
        )

    def delete(self, tenant_id, memory_id):
        return self._write(tenant_id, memory_id, [], [], is_active=False)

    def _write(self, tenant_id, memory_id, tokens, tags, *, is_active, changed_at=None):
        rows = self.rows.setdefault(tenant_id, {})
        version = rows[memory_id].version + 1 if memory_id in rows else 1
        self.now += 1
        packed = encode_terms(tokens, [facet("tag", tag) for tag in tags])
        row = EntryRow(memory_id, version, changed_at or self.now, is_active, len(tokens), packed)
        rows[memory_id] = row
        documents = self.documents.setdefault(tenant_id, {})
        documents.pop(memory_id, None)
        if is_active:
            documents[memory_id] = (tokens, set(tags))
        return row

    async def load(self, tenant_id):
        self.loaded.append(tenant_id)
        rows = [row for row in self.rows.get(tenant_id, {}).values() if row.is_active]
        for begin in range(0, len(rows), self.page_rows):
            await self._pass(self.load_gate)
            yield rows[begin : begin + self.page_rows]
        await self._pass(self.load_gate)

    async def changed_since(self, tenant_id, since):
        self.asked.append((tenant_id, since))
        rows = self.rows.get(tenant_id, {}).values()
        answer = [(row.memory_id, row.version, row.changed_at) for row in rows if row.changed_at >= since]
        await self._pass(self.change_gate)
        return answer

    async def get_entries(self, tenant_id, memory_ids):
        self.fetched.extend(memory_ids)
        rows = self.rows.get(tenant_id, {})
        answer = [rows[memory_id] for memory_id in memory_ids if memory_id in rows]
        await self._pass(None)
        return answer

    async def _pass(self, gate):
        await asyncio.sleep(0)
        if gate is not None:
            self.reached.set()
            await asyncio.wait_for(gate.wait(), 10)
        if self.failure is not None:
            raise self.failure


def brute_force(documents, terms, required=()):
    """Return {memory_id: score} of all matches, from the definition of BM25."""
    count = len(documents)
    mean = sum(len(tokens) for tokens, _ in documents.values()) / count if count else 0
    frequency = {term: sum(term in tokens for tokens, _ in documents.values()) for term in set(terms)}
    limit = max(0.1 * count, 64)
    rare = {term for term, df in frequency.items() if df <= limit}
    scored = rare if sum(1 for term in rare if frequency[term]) > 2 else set(frequency)
    idf = {term: math.log(1 + (count - frequency[term] + 0.5) / (frequency[term] + 0.5)) for term in scored}
    best = sum(idf.values()) * 2.2
    scores = {}
    for memory_id, (tokens, tags) in documents.items():
        counts = Counter(tokens)
        if any(counts[term] for term in scored) and all(tags & set(group) for group in required):
            norm = 1.2 * (0.6 + 0.4 * len(tokens) / mean)
            scores[memory_id] = (
                sum(idf[term] * 2.2 * counts[term] / (counts[term] + norm) for term in scored if counts[term])
                / best
            )
    return scores


def assert_ranked_as_defined(ranking, documents, terms, tag_groups=()):
    expected = brute_force(documents, terms, tag_groups)
    found = dict(zip(ranking.memory_ids.tolist(), ranking.scores.tolist(), strict=True))
    assert found == pytest.approx(expected)
    assert len(ranking.memory_ids) == len(expected)
    order = [(-score, -memory_id) for memory_id, score in found.items()]
    assert order == sorted(order)
    assert all(0 < score <= 1 for score in found.values())


@pytest.fixture(scope="session")
def new_source():
    return MemorySource


@pytest.fixture
def source():
    return MemorySource()


@pytest.fixture(scope="session")
def check_ranking():
    return assert_ranked_as_defined
