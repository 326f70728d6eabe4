"""One run of a job: renews its lease while the handler works, and writes the outcome once."""

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

#: Reports progress: the number of processed items, and the total.
#:
#: Raises:
#:     JobLost: another server has taken the job over; let this propagate out of the handler.
Progress: TypeAlias = Callable[[int, int], Awaitable[None]]
#: Processes a job and returns the result. It writes only in transactions that end with `JobWriter.take_out`,
#: so that a run that has lost its claim writes nothing. It should finish within minutes and return `Again` if
#: there is more to do, so that other tenants get their turn.
#:
#: Raises:
#:     JobError: this attempt failed; the message is shown to the tenant.
JobHandler: TypeAlias = Callable[[ClaimedJob, Progress], Awaitable[JobResult]]

_log = structlog.get_logger("mnemo")


class Outcome(StrEnum):
    """How a run ended."""

    DONE = "done"
    #: It succeeded, and the job runs again.
    AGAIN = "again"
    POSTPONED = "postponed"
    #: It failed and will be retried.
    RETRIED = "retried"
    #: It failed, and no retries are left.
    FAILED = "failed"
    #: Another server has taken the job over.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Pace:
    """Intervals and timeouts, in seconds."""

    #: How long a claim is valid without renewal, and how often it is renewed.
    lease: float = 60.0
    renew: float = 15.0
    #: By how much the clocks of servers may differ without two of them working on the same job at once.
    skew: float = 10.0
    #: A run that takes longer than this has failed.
    longest_run: float = 3_600.0
    #: Between two looks for jobs requested through other servers: when idle, and the minimum. A look reads
    #: everything that is due, so looking also takes no more than one part in `look_share` of the time.
    poll: float = 5.0
    look: float = 1.0
    look_share: float = 10.0
    #: Between two counts for the metrics, and between two progress reports of a run.
    count: float = 15.0
    report: float = 1.0
    #: After a database error; doubled after each further one.
    first_pause: float = 1.0
    longest_pause: float = 60.0
    #: Timeout for handing a job back when the server stops.
    stop: float = 2.0


USUAL_PACE: Final = Pace()


class JobRun:
    """One claimed job and its handler."""

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
        """Run the handler and release the job; when cancelled, hand it back so that other servers can go on.

        Raises:
            DatabaseError: the outcome couldn't be written; another server takes the job over after its lease.
        """
        handling = asyncio.ensure_future(self._handler(self.job, self._report_progress))
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

    async def _report_progress(self, done: int, total: int) -> None:
        self._progress = (done, total)
        now = asyncio.get_running_loop().time()
        if now < self._report_at:
            return
        self._report_at = now + self._pace.report
        with suppress(DatabaseError):  # a failed report is no reason to throw work away
            if not await self._store.report(self.job, self._progress, self._clock(), self._lease_end()):
                raise JobLost
            self._until = now + self._pace.lease

    async def _keep_lease(self, handling: asyncio.Future[JobResult]) -> None:
        """Renew the lease; stop the handler once the lease is lost, or has ended because renewal failed."""
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
        """Make the job available to other servers at once; if that fails, they wait for its lease to end."""
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
        """Return a description of the error; unexpected messages are left out, as they may hold anything."""
        if isinstance(error, JobError | DatabaseError):
            return str(error)
        if isinstance(error, TimeoutError):
            return "it took too long"
        # In a thread, since formatting a traceback reads source files.
        await asyncio.to_thread(
            _log.error, "a job met an unexpected error", job=encode_id(self.job.id), exc_info=error
        )
        return f"something unexpected went wrong ({type(error).__name__}); the server's log has the details"
