"""Embeddings that cost tokens: a tenant over budget waits for the next day, and delays no other tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.domain.budget import DAY_US, Plan
from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.embedding.ports import EmbedderUnavailable
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.services.budget.embedding import TenantMeter
from mnemo_server.services.budget.ledger import Budget
from mnemo_server.services.embedding.queue import EmbeddingQueue
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.stores.opening import Stores, open_stores

from server.tests.live.embedding.test_sweep import FAST_PACE, Server, until
from tests.support.models.hashing_embedder import HashingEmbedder

WITH_BUDGET, OVER_BUDGET = 1, 2


class Clock:
    """The system clock, moved forward by whole days."""

    days = 0

    def __call__(self) -> int:
        return system_clock() + self.days * DAY_US


class PaidServer(Server):
    """A server whose embedder charges a token per word."""

    def __init__(
        self,
        stores: Stores,
        embedder: HashingEmbedder,
        limit: int | None,
        clock: Callable[[], int],
        *,
        queue_size: int = 2_000,
    ) -> None:
        self.stores = stores
        self.embedder = embedder
        self.index = SearchIndex(stores.entries, memory_budget_bytes=1 << 30)
        self.budget = Budget(stores.usage, {"embedding": Plan(limit)}, clock)
        self.embedding = EmbeddingService(
            embedder,
            stores.vectors,
            self.index,
            clock,
            pace=FAST_PACE,
            queue=EmbeddingQueue(queue_size),
            meter_of=partial(TenantMeter, self.budget),
        )

    async def spent(self, tenant_id: int) -> list[int]:
        """Return the tokens that a tenant spent, latest day first."""
        return [row.tokens for row in await self.stores.usage.list_spent(tenant_id, 100)]

    async def wait_for_budget(self) -> None:
        """Wait until everything left waits for another day."""
        await until(lambda: self.embedding.backlog == self.embedding.waiting_for_budget)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def embedder() -> HashingEmbedder:
    return HashingEmbedder()


@pytest.fixture
async def other_stores(stores: Stores, database_dsn: str, ids: IdSource) -> AsyncIterator[Stores]:
    """The stores of another server on the same database."""
    assert stores  # the tables are there
    opened = await connect(parse_dsn(database_dsn))
    try:
        yield open_stores(opened, ids, system_clock)
    finally:
        await opened.close()


async def test_texts_over_budget_wait_and_are_reported(
    stores: Stores, embedder: HashingEmbedder, clock: Clock
):
    server = PaidServer(stores, embedder, 20, clock)
    async with server.running():
        for memory_id in range(1, 16):
            await server.store(memory_id, "one two three")
        await until(lambda: server.embedding.backlog == server.embedding.waiting_for_budget == 9)
        status = await server.embedding.status(1)

    assert (status.state, status.reason) == ("ready", None)
    assert (status.embedded, status.pending, status.waiting_for_budget) == (6, 9, 9)
    assert sum(map(embedder.count, embedder.texts)) == 18
    assert await server.spent(1) == [18]
    assert await server.find("two") == list(range(1, 16))


async def test_texts_over_budget_are_embedded_on_the_following_days(
    stores: Stores, embedder: HashingEmbedder, clock: Clock
):
    server = PaidServer(stores, embedder, 10, clock)
    async with server.running():
        for memory_id in range(1, 10):
            await server.store(memory_id, "one two three")
        for day, embedded in enumerate((3, 6, 9)):
            clock.days = day
            await until(lambda: server.embedding.embedded == embedded)  # noqa: B023 - awaited here
            await server.wait_for_budget()
        status = await server.embedding.status(1)

    assert (status.pending, status.waiting_for_budget) == (0, None)
    assert await server.spent(1) == [9, 9, 9]


async def test_a_raised_limit_applies_from_the_next_start(
    stores: Stores, embedder: HashingEmbedder, clock: Clock
):
    before = PaidServer(stores, embedder, 10, clock)
    async with before.running():
        for memory_id in range(1, 10):
            await before.store(memory_id, "one two three")
        await before.wait_for_budget()
    after = PaidServer(stores, embedder, 15, clock)
    async with after.running():
        await until(lambda: after.embedding.embedded == 2)
        await after.wait_for_budget()
    unbounded = PaidServer(stores, embedder, None, clock)
    async with unbounded.running():
        await until(lambda: unbounded.embedding.embedded == 4)
        await unbounded.wait_for_budget()

    assert before.embedding.embedded == 3
    assert await after.spent(1) == [27]
    assert (await unbounded.embedding.status(1)).pending == 0


async def test_a_tenant_over_budget_delays_no_other_tenant_in_the_queue(
    stores: Stores, embedder: HashingEmbedder, clock: Clock
):
    server = PaidServer(stores, embedder, 30, clock)
    for memory_id in range(1, 101):
        await server.store(memory_id, "one two three", tenant_id=OVER_BUDGET)
    for memory_id in range(101, 106):
        await server.store(memory_id, "one two three", tenant_id=WITH_BUDGET)
    async with server.running():
        await server.wait_for_budget()
        over_budget, with_budget = [
            await server.embedding.status(tenant_id) for tenant_id in (OVER_BUDGET, WITH_BUDGET)
        ]
        await server.store(106, "one more", tenant_id=WITH_BUDGET)
        await server.store(107, "one more", tenant_id=OVER_BUDGET)
        await until(lambda: server.embedding.embedded == 16)
        await until(lambda: server.embedding.backlog == server.embedding.waiting_for_budget == 91)

    assert (over_budget.embedded, over_budget.waiting_for_budget) == (10, 90)
    assert (with_budget.embedded, with_budget.pending, with_budget.waiting_for_budget) == (5, 0, None)


@pytest.mark.parametrize("tenant_id", [1, 5])
async def test_a_tenant_over_budget_delays_no_other_tenant_in_the_sweep(
    stores: Stores, embedder: HashingEmbedder, clock: Clock, tenant_id: int
):
    """Whether its rows come before or after those of the others."""
    offline = Server(stores, None)
    for memory_id in range(1, 101):
        await offline.store(memory_id, "one two three", tenant_id=tenant_id)
    for memory_id in range(101, 106):
        await offline.store(memory_id, "one two three", tenant_id=3)
    server = PaidServer(stores, embedder, 30, clock)
    async with server.running():
        await until(lambda: server.embedding.embedded == 15)
        await until(lambda: server.embedding.backlog == server.embedding.waiting_for_budget == 90)
        await offline.store(106, "from another server", tenant_id=3)
        await until(lambda: server.embedding.embedded == 16)

    assert await server.spent(tenant_id) == [30]


async def test_a_text_larger_than_the_whole_budget_delays_no_other_text(
    stores: Stores, embedder: HashingEmbedder, clock: Clock
):
    server = PaidServer(stores, embedder, 10, clock)
    await server.store(1, "long " * 11)
    for memory_id in range(2, 7):
        await server.store(memory_id, f"short {memory_id}")
    async with server.running():
        await server.wait_for_budget()
        assert server.embedding.embedded == 5
        clock.days = 1
        await until(lambda: server.embedding._over_budget.holds(1))  # the sweep of the new day has found it
        await server.store(7, "tomorrow")
        await until(lambda: server.embedding.embedded == 6)
        await server.wait_for_budget()

    assert [row.memory_id for row in await server.entries(*range(1, 8)) if row.vector_code is None] == [1]
    assert await server.spent(1) == [1, 10]


async def test_two_servers_together_stay_within_the_budget(
    stores: Stores, other_stores: Stores, clock: Clock
):
    servers = [PaidServer(one, HashingEmbedder(), 100, clock) for one in (stores, other_stores)]
    async with servers[0].running(), servers[1].running():
        for memory_id in range(1, 81):
            await servers[memory_id % 2].store(memory_id, "one two three")
        for server in servers:
            await server.wait_for_budget()
        status = await servers[0].embedding.status(1)

    paid = sum(server.embedder.count(text) for server in servers for text in server.embedder.texts)
    assert paid <= 100
    assert await servers[0].spent(1) == [paid]
    assert status.embedded + status.pending == 80
    assert 0 < 3 * status.embedded <= paid


async def test_texts_embedded_by_another_server_are_not_charged_again(
    stores: Stores, other_stores: Stores, clock: Clock
):
    slow, fast = [PaidServer(one, HashingEmbedder(), 1_000, clock) for one in (stores, other_stores)]
    for memory_id in range(1, 11):
        await slow.store(memory_id, "one two three")
    await slow.update(10, "changed")
    async with fast.running():
        await until(lambda: fast.embedding.embedded == 10)
    await slow.store(11, "four")
    async with slow.running():
        await until(lambda: slow.embedding.embedded == 1)
        await slow.wait_for_budget()

    assert slow.embedder.texts == ["four"]
    assert await slow.spent(1) == [29]


async def test_a_query_over_budget_has_no_vector_and_affects_no_other_tenant(
    stores: Stores, embedder: HashingEmbedder, clock: Clock
):
    server = PaidServer(stores, embedder, 10, clock)
    async with server.running():
        await until(lambda: server.embedding.is_ready)
        paid = [await server.embedding.embed_query(OVER_BUDGET, "one two three four") for _ in range(3)]
        other = await server.embedding.embed_query(WITH_BUDGET, "one two three four")
        clock.days = 1
        tomorrow = await server.embedding.embed_query(OVER_BUDGET, "one two three four")

    assert [one is not None for one in paid] == [True, True, False]
    assert other
    assert tomorrow
    assert (server.embedding.over_budget_queries, server.embedding.failed_queries) == (1, 0)
    assert await server.spent(OVER_BUDGET) == [4, 8]


async def test_failures_cost_nothing_and_finished_texts_are_not_charged_again(
    stores: Stores, embedder: HashingEmbedder, clock: Clock, monkeypatch
):
    server = PaidServer(stores, embedder, 1_000, clock)
    embed, calls = embedder.embed_documents, iter(range(100))

    async def failing_embed(texts, meter):
        if next(calls) == 1:
            raise EmbedderUnavailable("The model is away.")
        return await embed(texts, meter)

    monkeypatch.setattr(embedder, "embed_documents", failing_embed)
    for memory_id in range(1, 9):
        await server.store(memory_id, "one two three", tenant_id=memory_id % 2 + 1)
    async with server.running():
        await until(lambda: server.embedding.embedded == 8)

    assert len(embedder.texts) == 8
    assert server.embedding.failed == 4
    assert [await server.spent(tenant_id) for tenant_id in (1, 2)] == [[12], [12]]


async def test_a_refused_text_costs_nothing_and_the_rest_of_its_batch_is_charged_once(
    stores: Stores, embedder: HashingEmbedder, clock: Clock
):
    embedder.refused_word = "omega"
    server = PaidServer(stores, embedder, 1_000, clock)
    for memory_id, text in enumerate(["alpha", "omega", "beta", "gamma"], start=1):
        await server.store(memory_id, text)
    async with server.running():
        await server.wait_for_budget()
        status = await server.embedding.status(1)

    assert (status.embedded, status.refused, status.pending) == (3, 1, 0)
    assert await server.spent(1) == [3]


async def test_texts_that_did_not_fit_the_queue_are_embedded_when_the_budget_allows(
    stores: Stores, embedder: HashingEmbedder, clock: Clock
):
    server = PaidServer(stores, embedder, 30, clock, queue_size=4)
    for memory_id in range(1, 21):
        await server.store(memory_id, "one two three")
    async with server.running():
        await until(lambda: server.embedding.backlog == server.embedding.waiting_for_budget == 10)
        clock.days = 1
        await until(lambda: server.embedding.embedded == 20)
        await server.wait_for_budget()

    assert await stores.vectors.count_waiting((0,)) == {}
