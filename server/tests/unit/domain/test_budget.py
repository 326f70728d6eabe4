from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from mnemo_server.domain.budget import DAY_US, Plan, day_begins_at, day_of, name_day

NOON = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()) * 1_000_000


def test_days_begin_at_midnight_utc():
    assert name_day(day_of(NOON)) == "2026-11-24"
    assert day_of(NOON + DAY_US // 2 - 1) == day_of(NOON)
    assert day_of(NOON + DAY_US // 2) == day_of(NOON) + 1
    assert day_begins_at(day_of(NOON) + 1) == datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("prices", "tokens", "nanos"),
    [
        (("0", "0"), (1_000_000, 1_000_000), 0),
        (("0.15", "0.60"), (1_000_000, 0), 150_000_000),
        (("0.15", "0.60"), (0, 1_000_000), 600_000_000),
        (("0.15", "0.60"), (1, 1), 750),
        (("0.0375", "0"), (1, 0), 38),
        (("0.0375", "0"), (2, 0), 75),
        (("0.0000001", "0"), (1, 0), 1),
        (("75", "100000"), (2**31, 2**31), 2**31 * 100_075_000),
    ],
)
def test_the_cost_of_a_call_is_rounded_up_to_nano_units(prices, tokens, nanos: int):
    plan = Plan(None, *map(Decimal, prices))

    assert plan.cost_nanos(*tokens) == nanos
