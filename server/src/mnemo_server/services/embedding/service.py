"""Embeds memories in the background, after they are stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from mnemos_contract.service import EmbeddingStatus

from mnemo_server.db.errors import DatabaseError
from mnemo_server.domain.clock import MICROSECONDS, Clock
from mnemo_server.embedding.ports import Embedder, EmbeddingError, Meter
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.vectors import EmbeddedQuery, VectorSpace
from mnemo_server.services.embedding.batches import EmbeddingWork
from mnemo_server.services.embedding.model import LiveModel
from mnemo_server.services.embedding.queue import EmbeddingQueue, WaitingText
from mnemo_server.stores.records import WrittenMemory
from mnemo_server.stores.vectors import KnownModel, VectorCount, VectorStore

_log = structlog.get_logger("mnemo")


@dataclass(frozen=True, slots=True)
class Pace:
    """Batch sizes, and how long to wait between steps."""

    batch_size: int = 32
    #: Rows changed more recently than this are left to the server that wrote them, which is embedding them
    #: now.
    young_us: int = 5 * MICROSECONDS
    #: Between two sweeps of the database: while texts wait there, and otherwise.
    busy_seconds: float = 5.0
    idle_seconds: float = 30.0
    #: After an error; doubled after each further one.
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 60.0


USUAL_PACE: Final = Pace()
_NOTHING: Final = VectorCount(0, 0)


class EmbeddingService:
    """Embeds what is written here at once, and everything else that has no vector of the present model.

    Without an embedder it does nothing. Where vectors cost something, each tenant has a meter, and the texts
    of a tenant over its budget wait for another day without holding up others. All methods must be called
    from one event loop.
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
        meter_of: Callable[[int], Meter] | None = None,
    ) -> None:
        """Take the function that returns a tenant's meter; None if vectors are free."""
        self._live = None if embedder is None else LiveModel(embedder, vectors, clock)
        self._vectors = vectors
        self._index = index
        self._clock = clock
        self._pace = pace
        self._pause = pace.first_pause_seconds
        self._queue = EmbeddingQueue() if queue is None else queue
        self._doing = EmbeddingWork(vectors, index, clock, meter_of)
        self._over_budget = self._doing.over_budget
        self._left_behind = 0  # known number of texts that wait in the database only
        self._overflows = 0
        self._successor: KnownModel | None = None
        self._woken = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """Whether there is a model and it is ready."""
        return self._live is not None and self._live.state == "ready"

    @property
    def model_name(self) -> str | None:
        """Name of the model whose vectors are used; None while there is none."""
        return self._live.model.name if self._live is not None and self._live.model is not None else None

    @property
    def model_id(self) -> int:
        """Number of that model in the database; 0 while there is none."""
        return 0 if self._live is None else self._live.model_id

    @property
    def embedded(self) -> int:
        """Texts embedded since the start."""
        return self._doing.embedded

    @property
    def refused(self) -> int:
        """Texts refused by the model since the start."""
        return self._doing.refused

    @property
    def failed(self) -> int:
        """Texts since the start whose batch failed before they were processed."""
        return self._doing.failed

    @property
    def backlog(self) -> int:
        """Texts known to wait; never 0 while a noted text has no vector yet."""
        return len(self._queue) + len(self._doing.left) + self._left_behind + len(self._over_budget)

    @property
    def waiting_for_budget(self) -> int:
        """Waiting texts whose tenant has no budget left for today."""
        return len(self._over_budget)

    @property
    def queue_age_seconds(self) -> float:
        """How long the oldest waiting text in memory has been waiting, in seconds."""
        left = self._doing.left
        since = min(one.since for one in left) if left else self._queue.oldest
        return 0.0 if since is None else max(0, self._clock() - since) / MICROSECONDS

    @property
    def failed_queries(self) -> int:
        """Queries since the start that got no vector."""
        return 0 if self._live is None else self._live.failed_queries

    @property
    def over_budget_queries(self) -> int:
        """Queries since the start that got no vector because their tenant's budget was spent."""
        return 0 if self._live is None else self._live.over_budget_queries

    def note(self, written: Sequence[WrittenMemory]) -> None:
        """Queue this server's own writes after their commit; a sweep finds those that don't fit in."""
        if self._live is None or self._successor is not None:
            return
        for one in written:
            waiting = WaitingText.of(one)
            if self._over_budget.holds_text(waiting.tenant_id, waiting.text):
                self._over_budget.put(waiting.tenant_id, waiting.text, 1)
            elif not self._queue.put(waiting):
                self._overflows += 1
                self._left_behind += 1
        self._woken.set()

    async def embed_query(self, tenant_id: int, text: str) -> EmbeddedQuery | None:
        """Return the embedding of a tenant's query; None if it isn't available soon or is over the budget."""
        if self._live is None:
            return None
        return await self._live.embed_query(text, self._doing.meter(tenant_id))

    async def status(self, tenant_id: int) -> EmbeddingStatus:
        """Return how many of a tenant's memories have vectors of the present model."""
        counts = await self._vectors.count_by_model(tenant_id)
        total = sum(count.total for count in counts.values())
        live = self._live
        if live is None:
            return EmbeddingStatus(state="off", total=total, embedded=0, pending=0, refused=0)
        present = counts.get(live.model_id, _NOTHING) if live.model_id else _NOTHING
        reason = live.reason
        if self._successor is not None:
            reason = f"another server has since started with the model {self._successor.name}, which embeds"
        pending = total - present.total
        return EmbeddingStatus(
            state=live.state if reason is None else "unavailable",
            reason=reason,
            model=live.model.name if live.model else None,
            dimensions=live.model.dimensions if live.model else None,
            total=total,
            embedded=present.embedded,
            pending=pending,
            refused=present.total - present.embedded,
            waiting_for_budget=(pending or None) if self._over_budget.holds(tenant_id) else None,
        )

    async def run(self) -> None:
        """Embed until cancelled; log errors and try again after a pause."""
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
                _log.warning("embedding failed and will be retried", reason=str(error), waiting=self.backlog)
            except DatabaseError as error:
                _log.warning("embedding waits for the database", reason=str(error), waiting=self.backlog)
            except Exception as error:  # noqa: BLE001 - whatever happened, the next memories get their vectors
                # Formatting a traceback reads source files.
                await asyncio.to_thread(_log.error, "embedding was interrupted", exc_info=error)
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, self._pace.longest_pause_seconds)

    async def _announce(self, live: LiveModel) -> None:
        stale = await self._find_stale_models(live)
        queued = len(self._queue)  # not 0 after a failure: the database counts these too
        counts = await self._vectors.count_waiting(stale)
        self._left_behind = max(self._left_behind, sum(counts.values()) - queued)
        others = sum(count for model_id, count in counts.items() if model_id)
        if others and live.model and self._successor is None:
            _log.info("re-embedding memories with another model", memories=others, model=live.model.name)

    async def _work(self, live: LiveModel) -> None:
        """Embed the queue, and sweep the database when the queue is empty."""
        loop = asyncio.get_running_loop()
        swept_at = float("-inf")
        while True:
            self._woken.clear()
            if postponed := self._over_budget.end_day():
                self._left_behind += postponed
                swept_at = float("-inf")
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
        """Embed a batch of texts without a vector of this model, of any server; return if there was one."""
        stale = await self._find_stale_models(live)
        overflows, over_budget = self._overflows, self._over_budget.mark()
        before = self._clock() - self._pace.young_us
        passed_over = self._over_budget.tenants
        found: list[WrittenMemory] = []
        for share in self._doing.choose_shares():
            found = found or await self._vectors.find_unembedded(
                stale, limit=self._pace.batch_size, before=before, passing_over=passed_over, share=share
            )
        if found:
            try:
                await self._embed(live, [WaitingText.of(one) for one in found])
            finally:
                self._doing.left = ()
            # At least 1 until they are counted: there may be more than was known.
            self._left_behind = max(1, self._left_behind - len(found))
            return True
        counted = sum((await self._vectors.count_waiting(stale)).values())
        waiting = 0
        if passed_over:
            waiting = await self._vectors.count_waiting_of_tenants(stale, passed_over)
        self._over_budget.recount(waiting, over_budget)
        self._left_behind = max(0, counted - waiting) + self._overflows - overflows
        return False

    async def _find_stale_models(self, live: LiveModel) -> list[int]:
        """Return the models whose rows must be embedded again, 0 for none; the one chosen last takes all."""
        models = await self._vectors.list_models()
        last = models[-1] if models else None
        self._successor = last if last is not None and last.model_id != live.model_id else None
        if self._successor is not None:
            # Two servers with different models would otherwise take each other's rows forever.
            self._queue.clear()
            self._over_budget.clear()
            self._left_behind = 0
            return []
        return [0, *(one.model_id for one in models if one.model_id != live.model_id)]

    async def _embed_queued(self, live: LiveModel, batch: Sequence[WaitingText]) -> None:
        try:
            await self._embed(live, batch)
        except (EmbeddingError, DatabaseError):
            self._queue.put_back(self._doing.left)
            raise
        except Exception:  # don't retry it at once: the next sweep finds it in the database
            self._overflows += len(self._doing.left)
            self._left_behind += len(self._doing.left)
            raise
        finally:
            self._doing.left = ()

    async def _embed(self, live: LiveModel, batch: Sequence[WaitingText]) -> None:
        await self._doing.do(live, batch)
        self._pause = self._pace.first_pause_seconds
