"""Tenants whose budget is spent: their texts wait for another day, in the database."""

from __future__ import annotations

from mnemo_server.domain.budget import day_of
from mnemo_server.domain.clock import Clock
from mnemo_server.domain.tokens import bound_tokens


class OverBudgetTenants:
    """The tenants that are over their budget for vectors today, as far as this server knows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._day = day_of(clock())
        #: By tenant, the most tokens of the cheapest text that was too expensive.
        self._too_expensive: dict[int, int] = {}
        self._count = 0
        self._put = 0

    def __len__(self) -> int:
        """Number of texts known to wait."""
        return self._count

    @property
    def tenants(self) -> frozenset[int]:
        """The tenants to skip today."""
        return frozenset(self._tenants) if self._day == day_of(self._clock()) else frozenset()

    def holds(self, tenant_id: int) -> bool:
        """Whether texts of this tenant have to wait for another day."""
        return tenant_id in self._too_expensive and self._day == day_of(self._clock())

    def put(self, tenant_id: int, count: int) -> None:
        """Record that `count` texts of a tenant wait, and that its later texts must wait too."""
        self._tenants.add(tenant_id)
        self._count += count
        self._put += count

    def end_day(self) -> int:
        """Let all tenants try again once the day is over; return how many texts are known to have waited."""
        today = day_of(self._clock())
        if today == self._day:
            return 0
        self._day = today
        return self.clear()

    def clear(self) -> int:
        """Clear everything; return how many texts were known to wait."""
        count, self._count = self._count, 0
        self._too_expensive.clear()
        return count

    def mark(self) -> int:
        """Return a mark for `recount`; take it before counting in the database."""
        return self._put

    def recount(self, counted: int, mark: int) -> None:
        """Set the count from the database, plus what was put since the mark, which that count may lack."""
        self._count = counted + self._put - mark
