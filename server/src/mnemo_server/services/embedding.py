"""Gives every memory its vector, after it was stored and behind everybody's back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import structlog
from mnemos_contract.service import EmbeddingStatus

from mnemo_server.db.errors import DatabaseError
from mnemo_server.domain.clock import MICROSECONDS, Clock
from mnemo_server.embedding.ports import Embedder, EmbeddingError
from mnemo_server.index.cache import SearchIndex
from mnemo_server.index.vectors import EmbeddedQuery, VectorSpace
from mnemo_server.services.embedding_model import LiveModel
from mnemo_server.services.embedding_queue import EmbeddingQueue, WaitingText
from mnemo_server.services.vectorizing import vectorize
from mnemo_server.stores.ports import KnownModel, VectorCount, VectorStore, WrittenMemory

_log = structlog.get_logger("mnemo")


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done at once, and how long is waited in between."""

    batch_size: int = 32
    #: Rows changed within this time are left to the server that wrote them, which embeds them right now.
    young_us: int = 5 * MICROSECONDS
    #: Between two looks into the database, while texts wait there and otherwise.
    busy_seconds: float = 5.0
    idle_seconds: float = 30.0
    #: After an error, twice as long after each further one.
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 60.0


USUAL_PACE: Final = Pace()
_NOTHING: Final = VectorCount(0, 0)


class EmbeddingService:
    """Embeds what is written here at once, and whatever else has no vector of the present model.

    Without an embedder it does nothing. All methods belong to one event loop.
    """

    def __init__(
        self,
        embedder: Embedder | None,
        vectors: VectorStore,
        index: SearchIndex,
        clock: Clock,
        *,
        pace: Pace = USUAL_PACE,
        queue: EmbeddingQueue | None = None,
    ) -> None:
        #: Texts since the start: with a vector now, refused by the model, in batches that failed.
        self.embedded = 0
        self.refused = 0
        self.failed = 0
        self._live = None if embedder is None else LiveModel(embedder, vectors, clock)
        self._vectors = vectors
        self._index = index
        self._clock = clock
        self._pace = pace
        self._pause = pace.first_pause_seconds
        self._queue = EmbeddingQueue() if queue is None else queue
        self._in_work: Sequence[WaitingText] = ()
        self._left_behind = 0  # texts that wait in the database alone, as far as is known
        self._overflows = 0
        self._successor: KnownModel | None = None
        self._woken = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """Whether there is a model that answers."""
        return self._live is not None and self._live.state == "ready"

    @property
    def backlog(self) -> int:
        """Texts known to wait; never 0 while one that was noted has no vector yet."""
        return len(self._queue) + len(self._in_work) + self._left_behind

    @property
    def queue_age_seconds(self) -> float:
        """How long the text that has been waiting longest in memory has been waiting."""
        since = self._in_work[0].since if self._in_work else self._queue.oldest
        return 0.0 if since is None else max(0, self._clock() - since) / MICROSECONDS

    @property
    def failed_queries(self) -> int:
        """Questions since the start that got no vector."""
        return 0 if self._live is None else self._live.failed_queries

    def note(self, written: Sequence[WrittenMemory]) -> None:
        """Take over own writes after their commit; what finds no room is found in the database later."""
        if self._live is None or self._successor is not None:
            return
        for one in written:
            if not self._queue.put(WaitingText.of(one)):
                self._overflows += 1
                self._left_behind += 1
        self._woken.set()

    async def embed_query(self, text: str) -> EmbeddedQuery | None:
        """Give the embedding of a question; None when it can't be had soon."""
        return None if self._live is None else await self._live.embed_query(text)

    async def status(self, tenant_id: int) -> EmbeddingStatus:
        """Say how far a tenant's memories have vectors of the present model."""
        counts = await self._vectors.count_by_model(tenant_id)
        total = sum(count.total for count in counts.values())
        live = self._live
        if live is None:
            return EmbeddingStatus(state="off", total=total, embedded=0, pending=0, refused=0)
        present = counts.get(live.model_id, _NOTHING) if live.model_id else _NOTHING
        reason = live.reason
        if self._successor is not None:
            reason = f"another server has since started with the model {self._successor.name}, which embeds"
        return EmbeddingStatus(
            state=live.state if reason is None else "unavailable",
            reason=reason,
            model=live.model.name if live.model else None,
            dimensions=live.model.dimensions if live.model else None,
            total=total,
            embedded=present.embedded,
            pending=total - present.total,
            refused=present.total - present.embedded,
        )

    async def run(self) -> None:
        """Embed until cancelled; an error is logged and tried again after a pause."""
        if self._live is None:
            return
        while True:
            try:
                model = await self._live.connect()
                self._index.use_model(VectorSpace(self._live.model_id, model.dimensions))
                await self._announce(self._live)
                await self._work(self._live)
            except EmbeddingError as error:
                self._live.fail(str(error))
                _log.warning("no vectors can be made now", reason=str(error), waiting=self.backlog)
            except DatabaseError as error:
                _log.warning("embedding waits for the database", reason=str(error), waiting=self.backlog)
            except Exception as error:  # noqa: BLE001 - whatever happened, the next memories get their vectors
                # A traceback reads source files.
                await asyncio.to_thread(_log.error, "embedding was interrupted", exc_info=error)
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, self._pace.longest_pause_seconds)

    async def _announce(self, live: LiveModel) -> None:
        stale = await self._find_stale_models(live)
        queued = len(self._queue)  # after a failure: the database counts these too
        counts = await self._vectors.count_waiting(stale)
        self._left_behind = max(self._left_behind, sum(counts.values()) - queued)
        others = sum(count for model_id, count in counts.items() if model_id)
        if others and live.model and self._successor is None:
            _log.info("re-embedding memories with another model", memories=others, model=live.model.name)

    async def _work(self, live: LiveModel) -> None:
        """Embed the queue, and when it is empty what the database has left."""
        loop = asyncio.get_running_loop()
        swept_at = float("-inf")
        while True:
            self._woken.clear()
            if batch := self._queue.take(self._pace.batch_size):
                await self._embed_queued(live, batch)
                continue
            pause = self._pace.busy_seconds if self._left_behind else self._pace.idle_seconds
            if loop.time() >= swept_at + pause:
                if not await self._sweep(live):
                    swept_at = loop.time()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout_at(swept_at + pause):
                    await self._woken.wait()

    async def _sweep(self, live: LiveModel) -> bool:
        """Embed a batch of what has no vector of this model, from any server; whether there was some."""
        stale = await self._find_stale_models(live)
        overflows = self._overflows
        before = self._clock() - self._pace.young_us
        found = await self._vectors.find_unembedded(stale, limit=self._pace.batch_size, before=before)
        if found:
            await self._embed(live, [WaitingText.of(one) for one in found])
            # At least one until they are counted: there may be more than was known.
            self._left_behind = max(1, self._left_behind - len(found))
            return True
        counted = sum((await self._vectors.count_waiting(stale)).values())
        self._left_behind = counted + self._overflows - overflows
        return False

    async def _find_stale_models(self, live: LiveModel) -> list[int]:
        """Give the models whose rows are to be embedded anew, 0 for none; the one chosen last takes all."""
        models = await self._vectors.list_models()
        last = models[-1] if models else None
        self._successor = last if last is not None and last.model_id != live.model_id else None
        if self._successor is not None:
            # Two servers with different models would go on taking each other's rows for ever.
            self._queue.clear()
            self._left_behind = 0
            return []
        return [0, *(one.model_id for one in models if one.model_id != live.model_id)]

    async def _embed_queued(self, live: LiveModel, batch: Sequence[WaitingText]) -> None:
        try:
            await self._embed(live, batch)
        except (EmbeddingError, DatabaseError):
            self._queue.put_back(batch)
            raise
        except Exception:  # not to be met again at once: the database gives it back
            self._overflows += len(batch)
            self._left_behind += len(batch)
            raise

    async def _embed(self, live: LiveModel, batch: Sequence[WaitingText]) -> None:
        """Make vectors, write them, and let the index of this server know."""
        self._in_work = sorted(batch, key=lambda one: one.tenant_id)
        try:
            made = await vectorize(live.embedder, self._in_work)
            pairs = zip(self._in_work, made, strict=True)
            for tenant_id, group in groupby(pairs, key=lambda pair: pair[0].tenant_id):
                vectors = [vector for _, vector in group]
                rows = await self._vectors.write(tenant_id, live.model_id, vectors, self._clock())
                self._index.note(tenant_id, rows)
                refused = sum(row.vector_code is None for row in rows)
                self.refused += refused
                self.embedded += len(rows) - refused
        except Exception:
            self.failed += len(batch)
            raise
        finally:
            self._in_work = ()
        self._pause = self._pace.first_pause_seconds
