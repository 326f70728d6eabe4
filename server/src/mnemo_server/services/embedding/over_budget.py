"""Texts that wait for another day, since their tenant can't pay for them today; they are in the database.

What is set aside for a text grows with its length. So a text that is shorter than all that were too expensive
may still fit into what is left of the budget, and is tried.
"""

from __future__ import annotations

from mnemo_server.domain.budget import day_of
from mnemo_server.domain.clock import Clock
from mnemo_server.domain.tokens import bound_tokens


class OverBudgetTenants:
    """The tenants with texts that were too expensive today, as far as this server has met them."""

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
        """The tenants to skip today when looking for texts in the database."""
        return frozenset(self._too_expensive) if self._day == day_of(self._clock()) else frozenset()

    def holds(self, tenant_id: int) -> bool:
        """Whether texts of this tenant have to wait for another day."""
        return tenant_id in self._too_expensive and self._day == day_of(self._clock())

    def holds_text(self, tenant_id: int, text: str) -> bool:
        """Whether this text of the tenant has to wait for another day."""
        return self.holds(tenant_id) and bound_tokens(text) >= self._too_expensive[tenant_id]

    def put(self, tenant_id: int, text: str, count: int) -> None:
        """Let so many texts of a tenant wait, the shortest of them being `text`, and all longer ones."""
        tokens = bound_tokens(text)
        self._too_expensive[tenant_id] = min(tokens, self._too_expensive.get(tenant_id, tokens))
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
