"""Runs durable jobs, alongside other servers and fairly for every tenant.

How it is ensured that no two servers do the same work and that no job is forgotten:

- A claim is a compare-and-swap on the row of one job, and sets a new token. Every later change of the job
  requires that token. The results of a job are written in transactions that lock its row and take its items
  out.
- A claim is a lease, renewed while the handler works. When a server dies, other servers take over its jobs
  after the lease has ended.
- Lease times are read from the clock of the server that wrote them. An owner that can't renew stops when its
  lease ends, and others wait `Pace.skew` longer: as long as clocks differ by less, no two servers work on the
  same job. If they differ by more, two may, but only the one with the last claim writes anything. A server
  whose clock is behind merely begins a little later.
- A request that comes while a job runs is counted, and makes the job run once more.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import Final

import structlog

from mnemo_server.db.errors import DatabaseError
from mnemo_server.domain.clock import MICROSECONDS, Clock
from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.jobs import fair_order
from mnemo_server.services.jobs.run import USUAL_PACE, JobHandler, JobRun, Outcome, Pace
from mnemo_server.stores.jobs.records import Claim, JobCounts
from mnemo_server.stores.jobs.store import JobStore

#: Maximum number of tenants whose last turn is remembered; forgotten tenants are served before the others.
MAX_REMEMBERED: Final = 10_000

_log = structlog.get_logger("mnemo")


class JobRunner:
    """Claims and runs jobs of the kinds it has handlers for; other kinds are left to other servers.

    All methods must be called from one event loop.
    """

    def __init__(
        self,
        store: JobStore,
        handlers: Mapping[str, JobHandler],
        clock: Clock,
        *,
        concurrency: int,
        pace: Pace = USUAL_PACE,
    ) -> None:
        """Run up to `concurrency` jobs at once; 0 means none."""
        #: Runs since the start, by outcome.
        self.outcomes: Counter[Outcome] = Counter()
        #: Counts for the whole database, as of the last count.
        self.counts = JobCounts()
        self._store = store
        self._handlers = dict(handlers)
        self._clock = clock
        self._concurrency = concurrency
        self._pace = pace
        self._server = secrets.token_hex(8)
        self._claims = count(1)
        self._running: set[asyncio.Task[None]] = set()
        self._due: dict[int, int] = {}  # tenants that may have due jobs, and since when
        self._noted: dict[int, int] = {}
        self._served: dict[int, int] = {}  # the last turn of each tenant, earliest first
        self._turns = count(1)
        self._look_at = self._count_at = float("-inf")
        self._woken = asyncio.Event()

    @property
    def running(self) -> int:
        """Number of jobs that this server is running."""
        return len(self._running)

    @property
    def oldest_due_seconds(self) -> float:
        """How long the longest-waiting job of the whole database has been due, in seconds."""
        since = self.counts.oldest_run_at
        return 0.0 if since is None else max(0, self._clock() - since) / MICROSECONDS

    def add_handler(self, kind: str, handler: JobHandler) -> None:
        """Register the handler of another kind; call this before `run`."""
        self._handlers[kind] = handler

    def note(self, tenant_id: int) -> None:
        """Look for jobs of a tenant at once; call this after the commit of a request for a job."""
        if self._kinds:
            self._noted[tenant_id] = self._clock()
            self._woken.set()

    async def run(self) -> None:
        """Run jobs until cancelled, then hand back the jobs in progress; log errors and try again."""
        pause = self._pace.first_pause
        try:
            while True:
                try:
                    await self._count()
                    await self._fill()
                except DatabaseError as error:
                    _log.warning("jobs wait for the database", reason=str(error))
                except Exception as error:  # noqa: BLE001 - whatever happened, the next jobs are worked on
                    # Formatting a traceback reads source files.
                    await asyncio.to_thread(_log.error, "looking for jobs was interrupted", exc_info=error)
                else:
                    pause = self._pace.first_pause
                    await self._wait()
                    continue
                await asyncio.sleep(pause)
                pause = min(2 * pause, self._pace.longest_pause)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _wait(self) -> None:
        """Wait until a job is requested, a run ends, or it is time to look again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.poll):
                await self._woken.wait()

    async def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._count_at:
            self.counts = await self._store.count()
            self._count_at = now + self._pace.count

    async def _fill(self) -> None:
        """Start jobs while there is room: one for each tenant with due jobs, before a second one for any."""
        self._woken.clear()
        while self._has_room:
            await self._look()
            if not self._due:
                return
            for tenant_id in fair_order(self._due, self._served):
                if self._has_room and not await self._start_one(tenant_id):
                    del self._due[tenant_id]

    @property
    def _kinds(self) -> tuple[str, ...]:
        """The kinds of jobs that this server runs."""
        return tuple(sorted(self._handlers)) if self._concurrency else ()

    @property
    def _has_room(self) -> bool:
        return bool(self._kinds) and len(self._running) < self._concurrency

    async def _look(self) -> None:
        """Find the tenants with due jobs: those noted here, and periodically all tenants in the database."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        if began >= self._look_at:
            now = self._clock()
            self._due = await self._store.list_due_tenants(self._kinds, now, self._lost_before(now))
            ended = loop.time()
            self._look_at = ended + max(self._pace.look, self._pace.look_share * (ended - began))
        self._due = self._noted | self._due
        self._noted.clear()

    async def _start_one(self, tenant_id: int) -> bool:
        """Start the job of a tenant that has been due longest; return whether there was one."""
        until = asyncio.get_running_loop().time() + self._pace.lease
        now = self._clock()
        claim = Claim(
            token=f"{self._server}.{next(self._claims)}",
            kinds=self._kinds,
            now=now,
            lease_until=now + round(self._pace.lease * MICROSECONDS),
            lost_before=self._lost_before(now),
        )
        job = await self._store.claim(tenant_id, claim)
        if job is None:
            return False
        self._served.pop(tenant_id, None)
        self._served[tenant_id] = next(self._turns)
        if len(self._served) > MAX_REMEMBERED:
            del self._served[next(iter(self._served))]
        handler = self._handlers[job.kind]
        run = JobRun(job, handler, self._store, self._clock, pace=self._pace, until=until)
        self._running.add(asyncio.create_task(self._work(run)))
        return True

    def _lost_before(self, now: int) -> int:
        return now - round(self._pace.skew * MICROSECONDS)

    async def _work(self, run: JobRun) -> None:
        job = run.job
        began = asyncio.get_running_loop().time()
        try:
            outcome = await run.work()
            self.outcomes[outcome] += 1
            ms = round((asyncio.get_running_loop().time() - began) * 1_000)
            _log.info("job", job=encode_id(job.id), kind=job.kind, outcome=outcome.value, ms=ms)
        except DatabaseError as error:
            # Its result may or may not have been written; the next run processes the items that are left.
            _log.warning("a job waits for its lease to end", job=encode_id(job.id), reason=str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours costs one run
            await asyncio.to_thread(_log.error, "a run of a job broke off", exc_info=error)
        finally:
            task = asyncio.current_task()
            if task is not None:
                self._running.discard(task)
            self.note(job.tenant_id)
