"""The budget of a tenant: no tokens are spent without a reservation, whatever the number of servers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from mnemos_contract import jobs as wire

from mnemo_server.db.errors import DatabaseError
from mnemo_server.domain.budget import KINDS, Kind, Plan, Reservation, day_begins_at, day_of, name_day
from mnemo_server.domain.clock import Clock
from mnemo_server.stores.usage import NOTHING_SPENT, DaySpent, Spending, UsageStore

#: Number of days that a usage report covers.
DAYS_TOLD: Final = 31
_NANOS: Final = 1_000_000_000

_log = structlog.get_logger("mnemo")


@dataclass(slots=True)
class Totals:
    """What this server has spent on one kind of model since its start."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nanos: int = 0
    #: Calls that the budget didn't allow.
    refusals: int = 0

    @property
    def cost(self) -> float:
        """The cost, in the currency of the prices."""
        return self.cost_nanos / _NANOS


class Budget:
    """Reserves tokens before a call of a model, and records what it cost.

    The ledger in the database is the only source of truth: two servers can't overspend together, and what a
    server had reserved when it died stays spent.
    """

    def __init__(
        self, store: UsageStore, plans: Mapping[Kind, Plan], clock: Clock, currency: str = "USD"
    ) -> None:
        """Take a plan for each kind of model that costs something."""
        self.totals: dict[Kind, Totals] = {kind: Totals() for kind in plans}
        self._store = store
        self._plans = plans
        self._clock = clock
        self._currency = currency

    async def reserve(self, tenant_id: int, kind: Kind, tokens: int) -> Reservation | None:
        """Reserve tokens for a call; None when the day's budget doesn't allow them.

        Finish with `settle` or `release`; without either, the tokens count as spent.
        """
        limit = self._plans[kind].daily_tokens
        wanted = Reservation(tenant_id, kind, day_of(self._clock()), tokens)
        may_fit = limit is None or tokens <= limit
        if may_fit and await self._store.reserve(wanted, limit):
            return wanted
        self.totals[kind].refusals += 1
        return None

    async def settle(self, reservation: Reservation, input_tokens: int, output_tokens: int = 0) -> None:
        """Record the real usage of a call, whether it is less than was reserved or more.

        A database error doesn't undo the call: the reserved tokens stay spent, and a warning is logged.
        """
        cost = self._plans[reservation.kind].cost_nanos(input_tokens, output_tokens)
        totals = self.totals[reservation.kind]
        totals.calls += 1
        totals.input_tokens += input_tokens
        totals.output_tokens += output_tokens
        totals.cost_nanos += cost
        await self._write(reservation, Spending(1, input_tokens, output_tokens, cost))

    async def release(self, reservation: Reservation) -> None:
        """Release the reservation of a call that cost nothing."""
        await self._write(reservation, NOTHING_SPENT)

    def resets_at(self) -> datetime:
        """Return when the next day begins, UTC."""
        return day_begins_at(day_of(self._clock()) + 1)

    async def describe(self, tenant_id: int) -> wire.Usage:
        """Return what models cost a tenant, and what they may still use today."""
        rows = await self._store.list_spent(tenant_id, DAYS_TOLD * len(KINDS))
        told = sorted({row.day for row in rows}, reverse=True)[:DAYS_TOLD]
        today = day_of(self._clock())
        spent: dict[Kind, int] = {row.kind: row.tokens for row in rows if row.day == today}
        budgets = [
            wire.Budget(
                kind=kind,
                daily_tokens=plan.daily_tokens,
                spent_tokens=spent.get(kind, 0),
                resets_at=self.resets_at(),
            )
            for kind, plan in self._plans.items()
        ]
        days = [_to_wire(row) for row in rows if row.day in told]
        return wire.Usage(budgets=budgets, days=days, currency=self._currency)

    async def _write(self, reservation: Reservation, spent: Spending) -> None:
        try:
            await self._store.settle(reservation, spent)
        except DatabaseError as error:
            _log.warning(
                "tokens stay reserved: the ledger couldn't be written",
                reason=str(error),
                kind=reservation.kind,
                tokens=reservation.tokens,
            )


def _to_wire(row: DaySpent) -> wire.Spent:
    return wire.Spent(
        day=name_day(row.day),
        kind=row.kind,
        calls=row.calls,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        reserved_tokens=row.reserved_tokens,
        cost=row.cost_nanos / _NANOS,
    )
