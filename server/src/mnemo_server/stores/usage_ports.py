"""What the services need of the ledger of what models cost. Each method is one unit of work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from mnemo_server.domain.budget import Kind, Reservation


@dataclass(frozen=True, slots=True)
class Spending:
    """What one call of a model really took."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nanos: int = 0
    """Billionths of the currency."""


NOTHING_SPENT: Final = Spending()


@dataclass(frozen=True, slots=True)
class DaySpent:
    """What one kind of model took of a tenant on one day."""

    day: int
    kind: Kind
    calls: int
    reserved_tokens: int
    input_tokens: int
    output_tokens: int
    cost_nanos: int

    @property
    def tokens(self) -> int:
        """Spent and set aside."""
        return self.reserved_tokens + self.input_tokens + self.output_tokens


class UsageStore(Protocol):
    """The ledger of what models cost."""

    async def reserve(self, wanted: Reservation, daily_tokens: int | None) -> bool:
        """Set tokens aside unless the day would then have more than `daily_tokens`; whether it was done."""

    async def settle(self, reservation: Reservation, spent: Spending = NOTHING_SPENT) -> None:
        """Put what a call really took in the place of what was set aside for it."""

    async def list_spent(self, tenant_id: int, limit: int) -> list[DaySpent]:
        """List what a tenant spent by day and kind, the latest day first; at most so many rows."""
