"""The embedding model as the server meets it: being loaded, ready, or away for a while."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

import structlog

from mnemo_server.domain.clock import MICROSECONDS, Clock
from mnemo_server.embedding.ports import (
    FREE,
    Embedder,
    EmbeddingError,
    EmbeddingRefused,
    Meter,
    Model,
    OverBudget,
)
from mnemo_server.index.segments.vectors import EmbeddedQuery
from mnemo_server.stores.vectors import VectorStore

#: A search waits no longer for the vector of its question, and goes on without.
QUERY_SECONDS: Final = 2.0
#: After a failure searches go on without asking the model again for so long.
QUERY_PAUSE_US: Final = 5 * MICROSECONDS
#: Failures of questions are logged at most this often.
_LOG_EVERY_US: Final = 60 * MICROSECONDS

_log = structlog.get_logger("mnemo")


class LiveModel:
    """One embedder, with its number in the database once it has answered."""

    def __init__(self, embedder: Embedder, vectors: VectorStore, clock: Clock) -> None:
        self.embedder = embedder
        self.state: Literal["loading", "ready", "unavailable"] = "loading"
        #: Why it is unavailable: a sentence.
        self.reason: str | None = None
        self.model: Model | None = None
        self.model_id = 0
        #: Questions that got no vector.
        self.failed_queries = 0
        #: Questions that got none because of the budget.
        self.over_budget_queries = 0
        self._vectors = vectors
        self._clock = clock
        self._ask_again_at = 0
        self._log_again_at = 0

    async def connect(self) -> Model:
        """Wait until the model can be used, and register it. Errors of model and database pass through."""
        model = await self.embedder.prepare()
        if model != self.model:
            # Only a model that is met anew is chosen: one that comes back takes no rows from a later one.
            self.model_id = await self._vectors.register_model(model.name, model.dimensions, self._clock())
            self.model = model
        self.state, self.reason = "ready", None
        return model

    def fail(self, reason: str) -> None:
        """Say that the model doesn't answer."""
        self.state, self.reason = "unavailable", reason

    async def embed_query(self, text: str, meter: Meter = FREE) -> EmbeddedQuery | None:
        """Embed a question; None when that can't be done or paid for now, or takes too long."""
        if self.state != "ready" or self._clock() < self._ask_again_at:
            return None
        model_id = self.model_id
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                return EmbeddedQuery(model_id, await self.embedder.embed_query(text, meter))
        except OverBudget:
            self.over_budget_queries += 1
        except TimeoutError:
            self._note_failure(f"no response within {QUERY_SECONDS:g} seconds", pauses=True)
        except EmbeddingError as error:
            self._note_failure(str(error), pauses=not isinstance(error, EmbeddingRefused))
        except Exception as error:  # noqa: BLE001 - a search never fails for want of a vector
            self._note_failure(type(error).__name__, pauses=True)
        return None

    def _note_failure(self, reason: str, *, pauses: bool) -> None:
        now = self._clock()
        self.failed_queries += 1
        if pauses:
            self._ask_again_at = now + QUERY_PAUSE_US
        if now >= self._log_again_at:
            self._log_again_at = now + _LOG_EVERY_US
            _log.warning("a search continued without the vector of its query", reason=reason)
