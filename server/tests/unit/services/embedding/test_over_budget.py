from __future__ import annotations

import pytest
from mnemo_server.domain.budget import DAY_US
from mnemo_server.services.embedding.over_budget import Unpaid


class Clock:
    now = 5 * DAY_US

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def unpaid(clock: Clock) -> Unpaid:
    return Unpaid(clock)


def test_a_tenant_waits_until_the_day_is_over(unpaid: Unpaid, clock: Clock):
    unpaid.put(7, 3)
    clock.now += DAY_US - 1
    assert unpaid.holds(7)
    assert not unpaid.holds(8)
    assert unpaid.end_day() == 0
    assert (unpaid.tenants, len(unpaid)) == ({7}, 3)

    clock.now += 1

    assert not unpaid.holds(7)
    assert (unpaid.tenants, len(unpaid)) == (set(), 3)
    assert unpaid.end_day() == 3
    assert (unpaid.tenants, len(unpaid)) == (set(), 0)


def test_what_is_put_while_rows_are_counted_is_not_forgotten(unpaid: Unpaid):
    unpaid.put(7, 3)
    mark = unpaid.mark()
    unpaid.put(7, 2)
    unpaid.recount(40, mark)

    assert len(unpaid) == 42


def test_everything_can_be_forgotten(unpaid: Unpaid):
    unpaid.put(7, 3)

    assert unpaid.clear() == 3
    assert (unpaid.holds(7), len(unpaid)) == (False, 0)
