"""Texts that wait for another day, since the budget of their tenant is spent; they lie in the database."""

from __future__ import annotations

from mnemo_server.domain.budget import day_of
from mnemo_server.domain.clock import Clock


class OverBudgetTenants:
    """The tenants that can pay for no more vectors today, as far as this server has met them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._day = day_of(clock())
        self._tenants: set[int] = set()
        self._count = 0
        self._put = 0

    def __len__(self) -> int:
        """How many texts are known to wait."""
        return self._count

    @property
    def tenants(self) -> frozenset[int]:
        """Those that nothing has to be looked for today."""
        return frozenset(self._tenants) if self._day == day_of(self._clock()) else frozenset()

    def holds(self, tenant_id: int) -> bool:
        """Whether this tenant has to wait for another day."""
        return tenant_id in self._tenants and self._day == day_of(self._clock())

    def put(self, tenant_id: int, count: int) -> None:
        """Let so many texts of a tenant wait, and all that come after them."""
        self._tenants.add(tenant_id)
        self._count += count
        self._put += count

    def end_day(self) -> int:
        """Let everybody try again once the day is over; how many texts are known to have waited for that."""
        today = day_of(self._clock())
        if today == self._day:
            return 0
        self._day = today
        return self.clear()

    def clear(self) -> int:
        """Forget everything; how many texts there were."""
        count, self._count = self._count, 0
        self._tenants.clear()
        return count

    def mark(self) -> int:
        """Return what `recount` takes with a count that is made from now on."""
        return self._put

    def recount(self, counted: int, mark: int) -> None:
        """Take over what was counted in the database; what was put meanwhile may be missing there."""
        self._count = counted + self._put - mark
