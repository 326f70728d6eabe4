"""A language model that one tenant pays for: every call is reserved first and recorded."""

from __future__ import annotations

from mnemo_server.llm.ports import (
    Completion,
    LanguageModel,
    ModelRefused,
    ModelUnavailable,
    estimate_call,
)
from mnemo_server.services.budget.ledger import Budget


class OverBudget(Exception):
    """The day's budget doesn't allow the call; nothing was sent."""


class MeteredModel:
    """Reserves the maximum usage of a call before it, and settles the real usage after it.

    A call that was cut off may still have reached the model, so what was reserved for it stays spent.
    """

    def __init__(self, model: LanguageModel, budget: Budget, tenant_id: int) -> None:
        self._model = model
        self._budget = budget
        self._tenant_id = tenant_id

    @property
    def name(self) -> str:
        """The name of the underlying model."""
        return self._model.name

    async def complete(self, system: str, user: str, max_output_tokens: int) -> Completion:
        """See `LanguageModel`.

        Raises:
            OverBudget: nothing was sent.
        """
        tokens = estimate_call(system, user, max_output_tokens)
        reservation = await self._budget.reserve(self._tenant_id, "llm", tokens)
        if reservation is None:
            raise OverBudget
        try:
            completion = await self._model.complete(system, user, max_output_tokens)
        except ModelUnavailable as error:
            if error.is_unspent:
                await self._budget.release(reservation)
            raise
        except ModelRefused:
            await self._budget.release(reservation)
            raise
        await self._budget.settle(reservation, completion.input_tokens, completion.output_tokens)
        return completion

    async def close(self) -> None:
        """Do nothing: the underlying model is closed by its owner."""
