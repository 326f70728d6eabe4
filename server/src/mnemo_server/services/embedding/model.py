"""The embedding model as the server uses it: loading, ready, or temporarily unavailable."""

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

#: The longest a search waits for the vector of its query; after that it continues without.
QUERY_SECONDS: Final = 2.0
#: How long searches don't call the model again after a failure.
QUERY_PAUSE_US: Final = 5 * MICROSECONDS
#: Failed queries are logged at most this often.
_LOG_EVERY_US: Final = 60 * MICROSECONDS

_log = structlog.get_logger("mnemo")


class LiveModel:
    """One embedder, with its model id in the database once it is ready."""

    def __init__(self, embedder: Embedder, vectors: VectorStore, clock: Clock) -> None:
        self.embedder = embedder
        self.state: Literal["loading", "ready", "unavailable"] = "loading"
        #: Why it is unavailable, as a sentence.
        self.reason: str | None = None
        self.model: Model | None = None
        self.model_id = 0
        #: Queries that got no vector.
        self.failed_queries = 0
        #: Queries that got no vector because of the budget.
        self.over_budget_queries = 0
        self._vectors = vectors
        self._clock = clock
        self._ask_again_at = 0
        self._log_again_at = 0

    async def connect(self) -> Model:
        """Wait until the model is ready, and register it. Errors of the model and the database propagate."""
        model = await self.embedder.prepare()
        if model != self.model:
            # Only a model seen for the first time is chosen: one that recovers takes no rows from a later
            # one.
            self.model_id = await self._vectors.register_model(model.name, model.dimensions, self._clock())
            self.model = model
        self.state, self.reason = "ready", None
        return model

    def fail(self, reason: str) -> None:
        """Mark the model as unavailable, with a reason."""
        self.state, self.reason = "unavailable", reason

    async def embed_query(self, text: str, meter: Meter = FREE) -> EmbeddedQuery | None:
        """Embed a query; None when that fails, takes too long, or is over the budget."""
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
