"""The budget on real databases: however many concurrent reservations, a day never exceeds its limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from itertools import cycle

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.database import Database
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.errors import DatabaseUnavailable
from mnemo_server.domain.budget import DAY_US, Plan, Reservation, day_begins_at
from mnemo_server.domain.ids import IdSource
from mnemo_server.services.budget.ledger import Budget
from mnemo_server.stores.opening import Stores, open_stores
from mnemo_server.stores.usage import DaySpent, Spending

from .factories import TENANT

NOON = 20_781 * DAY_US + DAY_US // 2


class Clock:
    """A clock that stays at noon until a test moves it."""

    now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def other_stores(stores: Stores, database_dsn: str, ids: IdSource) -> AsyncIterator[Stores]:
    """The stores of another server on the same database."""
    assert stores  # the tables are there
    opened = await connect(parse_dsn(database_dsn))
    try:
        yield open_stores(opened, ids, Clock())
    finally:
        await opened.close()


def open_budget(stores: Stores, clock: Clock, limit: int | None, **prices: str) -> Budget:
    plan = Plan(limit, **{name: Decimal(price) for name, price in prices.items()})
    return Budget(stores.usage, {"llm": plan}, clock, "EUR")


async def spent_of(stores: Stores, tenant_id: int = TENANT) -> list[DaySpent]:
    return await stores.usage.list_spent(tenant_id, 100)


@pytest.mark.parametrize(
    ("limit", "tokens", "granted_count"), [(640, 10, 64), (1_000, 30, 33), (299, 100, 2)]
)
async def test_64_concurrent_reservations_of_two_servers_get_exactly_the_limit(
    stores: Stores, other_stores: Stores, limit: int, tokens: int, granted_count: int
):
    servers = [open_budget(one, Clock(), limit) for one in (stores, other_stores)]

    requests = zip(range(64), cycle(servers), strict=False)
    granted = await asyncio.gather(*(server.reserve(TENANT, "llm", tokens) for _, server in requests))

    assert len([one for one in granted if one]) == granted_count
    assert sum(server.totals["llm"].refusals for server in servers) == 64 - granted_count
    (row,) = await spent_of(stores)
    assert (row.reserved_tokens, row.tokens) == (granted_count * tokens, granted_count * tokens)


async def test_two_servers_that_reserve_and_settle_concurrently_stay_within_the_limit(
    stores: Stores, other_stores: Stores, clock: Clock
):
    """What is settled for less can be reserved again, and nothing more."""
    servers = [open_budget(one, clock, 1_000) for one in (stores, other_stores)]

    async def call(server: Budget) -> bool:
        reservation = await server.reserve(TENANT, "llm", 40)
        if reservation is None:
            return False
        assert all(row.tokens <= 1_000 for row in await spent_of(stores))
        await server.settle(reservation, 20, 10)
        return True

    await asyncio.gather(*(call(server) for server in servers * 32))
    while await call(servers[0]):
        pass

    (row,) = await spent_of(other_stores)
    assert (row.calls, row.input_tokens, row.output_tokens, row.reserved_tokens) == (33, 660, 330, 0)


async def test_each_tenant_and_each_kind_has_its_own_budget(stores: Stores, clock: Clock):
    plans = {"llm": Plan(100), "embedding": Plan(100)}
    budget = Budget(stores.usage, plans, clock)  # type: ignore[arg-type]

    granted = [
        await budget.reserve(tenant_id, kind, 100)
        for tenant_id, kind in [(1, "llm"), (1, "embedding"), (2, "llm"), (1, "llm"), (2, "llm")]  # type: ignore[arg-type]
    ]

    assert [one is not None for one in granted] == [True, True, True, False, False]


async def test_a_call_that_uses_more_than_it_reserved_counts_in_full(stores: Stores, clock: Clock):
    budget = open_budget(stores, clock, 100)
    reservation = await budget.reserve(TENANT, "llm", 10)
    assert reservation
    await budget.settle(reservation, 150, 30)

    assert await budget.reserve(TENANT, "llm", 1) is None
    (row,) = await spent_of(stores)
    assert (row.input_tokens, row.output_tokens, row.reserved_tokens, row.calls) == (150, 30, 0, 1)


async def test_tokens_of_a_call_that_was_never_sent_can_be_reserved_again(stores: Stores, clock: Clock):
    budget = open_budget(stores, clock, 100)
    reservation = await budget.reserve(TENANT, "llm", 100)
    assert reservation
    assert await budget.reserve(TENANT, "llm", 1) is None
    await budget.release(reservation)

    assert await spent_of(stores) == []
    assert await budget.reserve(TENANT, "llm", 100)


async def test_tokens_reserved_by_a_crashed_server_stay_spent_and_are_reported(
    stores: Stores, other_stores: Stores, clock: Clock
):
    crashed = open_budget(stores, clock, 100)
    assert await crashed.reserve(TENANT, "llm", 70)

    later = open_budget(other_stores, clock, 100)

    assert await later.reserve(TENANT, "llm", 31) is None
    assert await later.reserve(TENANT, "llm", 30)
    usage = await later.describe(TENANT)
    assert usage.budgets[0].spent_tokens == 100
    assert [(one.reserved_tokens, one.calls) for one in usage.days] == [(100, 0)]


async def test_a_new_day_has_its_own_budget_and_calls_are_charged_to_the_day_they_began(
    stores: Stores, clock: Clock
):
    budget = open_budget(stores, clock, 100)
    clock.now = NOON + DAY_US // 2 - 1
    evening = await budget.reserve(TENANT, "llm", 100)
    assert evening
    assert await budget.reserve(TENANT, "llm", 1) is None
    assert budget.resets_at() == day_begins_at(20_782)
    clock.now += 1
    morning = await budget.reserve(TENANT, "llm", 90)
    assert morning
    await budget.settle(evening, 95, 1)

    assert [(row.day, row.input_tokens, row.reserved_tokens) for row in await spent_of(stores)] == [
        (20_782, 0, 90),
        (20_781, 95, 0),
    ]
    assert budget.resets_at() == day_begins_at(20_783)


async def test_a_budget_of_zero_allows_nothing_without_a_query(
    stores: Stores, clock: Clock, database: Database
):
    budget = open_budget(stores, clock, 0)
    requests = database.round_trips

    assert await budget.reserve(TENANT, "llm", 1) is None
    assert database.round_trips == requests
    assert budget.totals["llm"].refusals == 1


async def test_a_refusal_is_one_statement(stores: Stores, clock: Clock, database: Database):
    budget = open_budget(stores, clock, 10)
    await budget.reserve(TENANT, "llm", 10)
    requests = database.round_trips

    assert await budget.reserve(TENANT, "llm", 1) is None
    assert database.round_trips == requests + 1


async def test_without_a_limit_everything_is_allowed_and_recorded(stores: Stores, clock: Clock):
    budget = open_budget(stores, clock, None)
    for _ in range(3):
        reservation = await budget.reserve(TENANT, "llm", 10**12)
        assert reservation
        await budget.settle(reservation, 10**12, 5)

    usage = await budget.describe(TENANT)
    assert (usage.budgets[0].daily_tokens, usage.budgets[0].spent_tokens) == (None, 3 * 10**12 + 15)


async def test_costs_add_up_to_the_nano_unit(stores: Stores, other_stores: Stores, clock: Clock):
    """Each call is rounded up to a whole nano unit."""
    prices = {"input_price": "0.15", "output_price": "0.6015"}
    servers = [open_budget(one, clock, None, **prices) for one in (stores, other_stores)]

    async def call(number: int, server: Budget) -> None:
        reservation = await server.reserve(TENANT, "llm", 1)
        assert reservation
        await server.settle(reservation, 7 * number, number)

    await asyncio.gather(*(call(*one) for one in zip(range(40), cycle(servers), strict=False)))

    expected = sum(1_050 * number + -(-6_015 * number // 10) for number in range(40))
    (row,) = await spent_of(stores)
    assert row.cost_nanos == expected
    assert sum(server.totals["llm"].cost_nanos for server in servers) == expected
    (day,) = (await servers[0].describe(TENANT)).days
    assert round(day.cost * 10**9) == expected


async def test_the_last_31_days_are_reported_newest_first(stores: Stores, clock: Clock):
    plans = {"llm": Plan(None), "embedding": Plan(50)}
    budget = Budget(stores.usage, plans, clock, "EUR")  # type: ignore[arg-type]
    for number in range(40):
        clock.now = NOON + number * 2 * DAY_US
        for kind in ("llm", "embedding") if number % 2 else ("llm",):
            assert await budget.reserve(TENANT, kind, 1)  # type: ignore[arg-type]

    usage = await budget.describe(TENANT)

    days = [one.day for one in usage.days]
    assert usage.currency == "EUR"
    assert len(set(days)) == 31
    assert days == sorted(days, reverse=True)
    assert days[0] == day_begins_at(20_781 + 78).date().isoformat()
    assert [(one.kind, one.daily_tokens, one.spent_tokens) for one in usage.budgets] == [
        ("llm", None, 1),
        ("embedding", 50, 1),
    ]
    assert (await budget.describe(TENANT + 1)).days == []


async def test_an_error_when_settling_does_not_fail_the_call(stores: Stores, clock: Clock, monkeypatch):
    async def fail(*_: object) -> None:
        raise DatabaseUnavailable("away")

    budget = open_budget(stores, clock, 100)
    reservation = await budget.reserve(TENANT, "llm", 60)
    assert reservation
    with monkeypatch.context() as patch:
        patch.setattr(stores.usage, "settle", fail)
        await budget.settle(reservation, 10)
        await budget.release(reservation)

    assert await budget.reserve(TENANT, "llm", 41) is None


async def test_the_store_settles_what_it_reserved(stores: Stores):
    reservation = Reservation(TENANT, "embedding", 7, 50)

    assert await stores.usage.reserve(reservation, 100)
    assert await stores.usage.reserve(reservation, 100)
    assert not await stores.usage.reserve(replace(reservation, tokens=1), 100)
    await stores.usage.settle(reservation, Spending(1, 30, 0, 6_000))

    assert await spent_of(stores) == [DaySpent(7, "embedding", 1, 50, 30, 0, 6_000)]
    assert await stores.usage.reserve(replace(reservation, tokens=20), 100)
