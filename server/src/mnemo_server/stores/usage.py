"""The ledger of what models cost, in SQL. Each method is one unit of work."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from mnemo_server.db.database import Database
from mnemo_server.db.errors import UniqueViolation
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.budget import Kind, Reservation

#: The largest BIGINT, so that the condition is always true without a limit.
_NO_LIMIT: Final = 2**63 - 1
#: Maximum number of rows known to exist; beyond it all of them are forgotten.
_MOST_KNOWN: Final = 10_000


@dataclass(frozen=True, slots=True)
class Spending:
    """The real usage of one call of a model."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nanos: int = 0
    """In billionths of the currency."""


NOTHING_SPENT: Final = Spending()


@dataclass(frozen=True, slots=True)
class DaySpent:
    """The usage of one kind of model by a tenant on one day."""

    day: int
    kind: Kind
    calls: int
    reserved_tokens: int
    input_tokens: int
    output_tokens: int
    cost_nanos: int

    @property
    def tokens(self) -> int:
        """Tokens spent and reserved."""
        return self.reserved_tokens + self.input_tokens + self.output_tokens


class UsageStore:
    """The ledger of what models cost."""

    def __init__(self, database: Database, queries: QuerySet) -> None:
        self._database = database
        self._queries = queries
        self._begun: set[tuple[int, int, str]] = set()

    async def reserve(self, wanted: Reservation, daily_tokens: int | None) -> bool:
        """Reserve tokens unless the day would then exceed `daily_tokens`; return whether it was done."""
        limit = _NO_LIMIT if daily_tokens is None else daily_tokens
        params = {**_row_of(wanted), "tokens": wanted.tokens, "daily_tokens": limit}
        key = (wanted.tenant_id, wanted.day, wanted.kind)
        has_row = key in self._begun  # before the first attempt, whose failure is conclusive only then
        if await self._database.execute(self._queries.reserve, params):
            return True
        if has_row:
            return False
        with suppress(UniqueViolation):  # another server was faster
            await self._database.execute(self._queries.begin_day, _row_of(wanted))
        if len(self._begun) >= _MOST_KNOWN:
            self._begun.clear()
        self._begun.add(key)
        return await self._database.execute(self._queries.reserve, params) > 0

    async def settle(self, reservation: Reservation, spent: Spending = NOTHING_SPENT) -> None:
        """Replace a reservation by the real usage of the call."""
        params = {
            **_row_of(reservation),
            "reserved_tokens": reservation.tokens,
            "calls": spent.calls,
            "input_tokens": spent.input_tokens,
            "output_tokens": spent.output_tokens,
            "cost_nanos": spent.cost_nanos,
        }
        await self._database.execute(self._queries.settle, params)

    async def list_spent(self, tenant_id: int, limit: int) -> list[DaySpent]:
        """List what a tenant spent by day and kind, latest day first, at most `limit` rows."""
        params = {"tenant_id": tenant_id, "limit": limit}
        return [DaySpent(**row) for row in await self._database.fetch_all(self._queries.list_spent, params)]


def _row_of(reservation: Reservation) -> dict[str, Any]:
    return {"tenant_id": reservation.tenant_id, "day": reservation.day, "kind": reservation.kind}
