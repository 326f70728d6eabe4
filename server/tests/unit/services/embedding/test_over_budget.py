from __future__ import annotations

import pytest
from mnemo_server.domain.budget import DAY_US
from mnemo_server.services.embedding.over_budget import OverBudgetTenants


class Clock:
    now = 5 * DAY_US

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def over_budget(clock: Clock) -> OverBudgetTenants:
    return OverBudgetTenants(clock)


def test_a_tenant_over_budget_waits_until_the_day_ends(over_budget: OverBudgetTenants, clock: Clock):
    over_budget.put(7, "twelve bytes", 3)
    clock.now += DAY_US - 1
    assert over_budget.holds(7)
    assert not over_budget.holds(8)
    assert over_budget.end_day() == 0
    assert (over_budget.tenants, len(over_budget)) == ({7}, 3)

    clock.now += 1

    assert not over_budget.holds(7)
    assert (over_budget.tenants, len(over_budget)) == (set(), 3)
    assert over_budget.end_day() == 3
    assert (over_budget.tenants, len(over_budget)) == (set(), 0)


def test_texts_added_during_a_recount_are_not_forgotten(over_budget: OverBudgetTenants):
    over_budget.put(7, "twelve bytes", 3)
    mark = over_budget.mark()
    over_budget.put(7, "twelve bytes", 2)
    over_budget.recount(40, mark)

    assert len(over_budget) == 42


def test_only_texts_as_long_as_a_rejected_one_have_to_wait(over_budget: OverBudgetTenants):
    over_budget.put(7, "twelve bytes", 1)
    assert over_budget.holds_text(7, "twelve bytes")
    assert not over_budget.holds_text(7, "short")
    assert not over_budget.holds_text(8, "twelve bytes")

    over_budget.put(7, "short", 1)
    over_budget.put(7, "twelve bytes", 1)

    assert over_budget.holds_text(7, "short")
    assert not over_budget.holds_text(7, "tiny")


def test_length_is_measured_in_bytes(over_budget: OverBudgetTenants):
    over_budget.put(7, "twelve bytes", 1)

    assert over_budget.holds_text(7, "六字共十八节")


def test_everything_can_be_cleared(over_budget: OverBudgetTenants):
    over_budget.put(7, "twelve bytes", 3)

    assert over_budget.clear() == 3
    assert (over_budget.holds(7), len(over_budget)) == (False, 0)
