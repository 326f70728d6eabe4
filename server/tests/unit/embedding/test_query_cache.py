"""Queries that repeat, concurrently or soon after, are embedded once."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from mnemo_server.embedding.ports import EmbedderUnavailable, Model
from mnemo_server.embedding.query_cache import QueryCache
from mnemo_server.index.segments.vectors import Embedding

from .conftest import ScriptedMeter


class CountingEmbedder:
    """Records queries; each waits for the gate."""

    def __init__(self) -> None:
        self.queries: list[str] = []
        self.documents: list[str] = []
        self.payers: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.is_closed = False

    async def prepare(self):
        return Model("counting", 4)

    async def embed_documents(self, texts, _meter):
        self.documents += texts
        return [self.embedding() for _ in texts]

    async def embed_query(self, text, meter):
        self.queries.append(text)
        self.payers.append(meter.payer)
        await asyncio.wait_for(self.gate.wait(), 30)
        if self.error:
            raise self.error
        return self.embedding()

    async def close(self):
        self.is_closed = True

    def embedding(self):
        return Embedding(np.ones(4, np.float32), np.ones((1, 4), np.float32), ("tea",))


@pytest.fixture
def inner() -> CountingEmbedder:
    return CountingEmbedder()


async def test_a_repeated_query_is_not_embedded_again(inner):
    cache = QueryCache(inner)

    assert await cache.embed_query("tea") is await cache.embed_query("tea")
    assert inner.queries == ["tea"]


async def test_concurrent_callers_share_one_run(inner):
    cache = QueryCache(inner)

    await asyncio.gather(*(cache.embed_query("tea") for _ in range(5)))
    assert inner.queries == ["tea"]


async def test_the_least_recently_used_query_is_evicted(inner):
    cache = QueryCache(inner, count=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        await cache.embed_query(text)

    assert inner.queries == ["a", "b", "c", "b"]


async def test_the_size_of_the_cache_is_bounded(inner):
    cache = QueryCache(inner, size=2 * 32)
    for text in ("a", "b", "c", "c", "a"):
        await cache.embed_query(text)

    assert inner.queries == ["a", "b", "c", "a"]
    assert cache._kept_bytes == 2 * 32


async def test_an_error_reaches_every_caller_and_is_not_cached(inner):
    cache = QueryCache(inner)
    inner.error = EmbedderUnavailable("later")
    outcomes = await asyncio.gather(*(cache.embed_query("tea") for _ in range(3)), return_exceptions=True)
    inner.error = None

    assert [str(outcome) for outcome in outcomes] == ["later"] * 3
    assert (await cache.embed_query("tea")).words == ("tea",)
    assert inner.queries == ["tea", "tea"]


async def test_a_cancelled_caller_does_not_cancel_the_shared_run(inner):
    cache = QueryCache(inner)
    inner.gate.clear()
    first, second = (asyncio.create_task(cache.embed_query("tea")) for _ in range(2))
    while not inner.queries:  # noqa: ASYNC110 - until the shared run has begun
        await asyncio.sleep(0)
    first.cancel()
    inner.gate.set()

    assert (await second).words == ("tea",)
    with pytest.raises(asyncio.CancelledError):
        await first
    assert inner.queries == ["tea"]


async def test_cached_embeddings_are_read_only(inner):
    embedding = await QueryCache(inner).embed_query("tea")

    with pytest.raises(ValueError, match="read-only"):
        embedding.vector[0] = 2
    with pytest.raises(ValueError, match="read-only"):
        embedding.tokens[0] = 2


async def test_documents_are_not_cached(inner):
    cache = QueryCache(inner)

    assert await cache.prepare() == Model("counting", 4)
    assert len(await cache.embed_documents(["tea", "tea"])) == 2
    assert inner.documents == ["tea", "tea"]


async def test_the_first_caller_of_a_query_pays(inner):
    cache = QueryCache(inner)
    await cache.embed_query("tea", ScriptedMeter(1))
    await cache.embed_query("tea", ScriptedMeter(2))

    assert inner.payers == [1]


async def test_callers_with_different_budgets_do_not_share_a_run(inner):
    cache = QueryCache(inner)
    inner.gate.clear()
    payers = (1, 2, 1)
    tasks = [asyncio.create_task(cache.embed_query("tea", ScriptedMeter(payer))) for payer in payers]
    while len(inner.queries) < 2:  # noqa: ASYNC110 - until both runs have begun
        await asyncio.sleep(0)
    inner.gate.set()

    assert [(await one).words for one in tasks] == [("tea",)] * 3
    assert inner.payers == [1, 2]
    assert cache._kept_bytes == 32


async def test_closing_raises_an_error_in_waiting_callers(inner):
    cache = QueryCache(inner)
    inner.gate.clear()
    waiting = asyncio.create_task(cache.embed_query("tea"))
    while not inner.queries:  # noqa: ASYNC110 - until the run has begun
        await asyncio.sleep(0)
    await cache.close()

    with pytest.raises(EmbedderUnavailable, match="closed"):
        await waiting
    assert inner.is_closed
