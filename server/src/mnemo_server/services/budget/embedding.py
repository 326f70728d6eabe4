"""Charges vectors to the budget of the tenant that they belong to."""

from __future__ import annotations

from mnemo_server.domain.budget import Reservation
from mnemo_server.embedding.ports import OverBudget
from mnemo_server.services.budget.ledger import Budget


class TenantMeter:
    """A meter backed by a tenant's budget for embeddings."""

    def __init__(self, budget: Budget, tenant_id: int) -> None:
        self.payer = tenant_id
        self._budget = budget

    async def reserve(self, tokens: int) -> Reservation:
        """See `Meter`."""
        reservation = await self._budget.reserve(self.payer, "embedding", tokens)
        if reservation is None:
            raise OverBudget("The budget for embeddings is spent for today.")
        return reservation

    async def settle(self, reservation: Reservation, tokens: int | None) -> None:
        """See `Meter`."""
        await self._budget.settle(reservation, reservation.tokens if tokens is None else tokens)

    async def release(self, reservation: Reservation) -> None:
        """See `Meter`."""
        await self._budget.release(reservation)
