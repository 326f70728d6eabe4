"""One run of a job: its lease is kept while its handler works, and what came of it is written once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import structlog

from mnemo_server.db.errors import DatabaseError
from mnemo_server.domain.clock import MICROSECONDS, Clock
from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.jobs import (
    DONE,
    FAILED,
    ClaimedJob,
    HeldJob,
    JobError,
    JobLost,
    JobResult,
    NextState,
    Postponed,
    after_error,
    after_result,
    handed_back,
)
from mnemo_server.stores.jobs.store import JobStore

#: Says how many items of how many are dealt with, whenever it is called.
#:
#: Raises:
#:     JobLost: another server has taken the job over; let it out of the handler.
Progress: TypeAlias = Callable[[int, int], Awaitable[None]]
#: Works on a job until it can say what came of it. What it writes, it writes in transactions that end with
#: `JobWriter.take_out`, so that a run whose claim was lost writes nothing. It should come to an end within
#: minutes, with `Again` where there is more, so that other tenants have their turn.
#:
#: Raises:
#:     JobError: this attempt failed, and the tenant may read why.
JobHandler: TypeAlias = Callable[[ClaimedJob, Progress], Awaitable[JobResult]]

_log = structlog.get_logger("mnemo")


class Outcome(StrEnum):
    """How a run ended."""

    DONE = "done"
    #: It went well, and runs again.
    AGAIN = "again"
    POSTPONED = "postponed"
    #: It failed and is tried again.
    RETRIED = "retried"
    #: It failed once too often.
    FAILED = "failed"
    #: Another server works on it.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is waited, in seconds."""

    #: How long a job is a server's own without another word, and how often it says one.
    lease: float = 60.0
    renew: float = 15.0
    #: By how much the clocks of servers may differ without two of them ever working on one job at once.
    skew: float = 10.0
    #: A run that takes longer than this has failed.
    longest_run: float = 3_600.0
    #: Between two looks for what other servers were asked for: with nothing to do, and at least. A look reads
    #: all that is due, so it also takes no more than one part in so many of the time.
    poll: float = 5.0
    look: float = 1.0
    look_share: float = 10.0
    #: Between two counts for the metrics, and between two reports of a run's progress.
    count: float = 15.0
    report: float = 1.0
    #: After an error of the database, twice as long after each further one.
    first_pause: float = 1.0
    longest_pause: float = 60.0
    #: For handing a job back when the server stops.
    stop: float = 2.0


USUAL_PACE: Final = Pace()


class JobRun:
    """One claimed job and the handler that works on it."""

    def __init__(
        self, job: ClaimedJob, handler: JobHandler, store: JobStore, clock: Clock, *, pace: Pace, until: float
    ) -> None:
        """Take over a claim whose lease ends at `until`, a time of the event loop's clock."""
        self.job = job
        self._handler = handler
        self._store = store
        self._clock = clock
        self._pace = pace
        self._until = until
        self._is_lost = False
        self._progress: tuple[int, int] | None = None
        self._report_at = 0.0

    async def work(self) -> Outcome:
        """Let the handler work, and let the job go; when cancelled, hand it back for others to go on.

        Raises:
            DatabaseError: the end couldn't be written; after its lease the job is taken over.
        """
        handling = asyncio.ensure_future(self._handler(self.job, self._tell_progress))
        keeping = asyncio.create_task(self._keep_lease(handling))
        try:
            async with asyncio.timeout(self._pace.longest_run):
                result = await handling
        except JobLost:
            return Outcome.LOST
        except asyncio.CancelledError:
            if self._is_lost:
                return Outcome.LOST
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                await self._hand_back()
                raise
            return await self._fail("it was cancelled")
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the job is tried again
            return await self._fail(await self._explain(error))
        finally:
            keeping.cancel()
        return await self._finish(result)

    async def _tell_progress(self, done: int, total: int) -> None:
        self._progress = (done, total)
        now = asyncio.get_running_loop().time()
        if now < self._report_at:
            return
        self._report_at = now + self._pace.report
        with suppress(DatabaseError):  # nothing that work is to be thrown away for
            if not await self._store.report(self.job, self._progress, self._clock(), self._lease_end()):
                raise JobLost
            self._until = now + self._pace.lease

    async def _keep_lease(self, handling: asyncio.Future[JobResult]) -> None:
        """Renew the lease until the database says that it is lost, or says nothing; then stop the work."""
        loop = asyncio.get_running_loop()
        while not self._is_lost:
            await asyncio.sleep(self._pace.renew)
            began = loop.time()
            with suppress(DatabaseError, TimeoutError):
                async with asyncio.timeout_at(self._until):
                    self._is_lost = not await self._store.renew(self.job, self._lease_end())
                self._until = began + self._pace.lease
            self._is_lost = self._is_lost or loop.time() >= self._until
        handling.cancel()

    def _lease_end(self) -> int:
        return self._clock() + round(self._pace.lease * MICROSECONDS)

    async def _finish(self, result: JobResult) -> Outcome:
        now = self._clock()
        after = await self._release(lambda held: after_result(result, self.job, held, now), now, result)
        if after is None:
            return Outcome.LOST
        if isinstance(result, Postponed):
            return Outcome.POSTPONED
        return Outcome.DONE if after.state == DONE else Outcome.AGAIN

    async def _fail(self, sentence: str) -> Outcome:
        now, jitter = self._clock(), random.random()
        after = await self._release(lambda held: after_error(sentence, self.job, held, now, jitter), now)
        if after is None:
            return Outcome.LOST
        _log.warning("a job failed", job=encode_id(self.job.id), kind=self.job.kind, reason=sentence)
        return Outcome.FAILED if after.state == FAILED else Outcome.RETRIED

    async def _hand_back(self) -> None:
        """Let others go on at once; where that can't be said, they go on after the lease."""
        now = self._clock()
        with suppress(DatabaseError, TimeoutError):
            async with asyncio.timeout(self._pace.stop):
                await self._release(lambda held: handed_back(held, now), now)

    async def _release(
        self, decide: Callable[[HeldJob], NextState], now: int, result: JobResult | None = None
    ) -> NextState | None:
        detail = None if result is None else result.detail
        return await self._store.release(self.job, decide, now, progress=self._progress, detail=detail)

    async def _explain(self, error: Exception) -> str:
        """Say what went wrong; nothing but what is meant to be read, since texts of others hold anything."""
        if isinstance(error, JobError | DatabaseError):
            return str(error)
        if isinstance(error, TimeoutError):
            return "it took too long"
        # In a thread, since a traceback reads source files.
        await asyncio.to_thread(
            _log.error, "a job met an unexpected error", job=encode_id(self.job.id), exc_info=error
        )
        return f"something unexpected went wrong ({type(error).__name__}); the server's log has the details"
