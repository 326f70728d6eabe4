"""A job store with a clock, handlers, and runners that stop at the end of a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from mnemo_server.db.errors import DatabaseUnavailable
from mnemo_server.domain.clock import MICROSECONDS
from mnemo_server.domain.jobs import (
    ClaimedJob,
    Done,
    JobRequest,
    StoredJob,
)
from mnemo_server.services.jobs.run import Pace
from mnemo_server.services.jobs.runner import JobRunner
from mnemo_server.stores.jobs.records import Claim
from mnemo_server.stores.jobs.store import JobStore

KIND = "enrich"
START = 1_000_000 * MICROSECONDS
#: Polls so rarely that in a passing test the runner was woken by a notification.
PATIENT = Pace(poll=1_000, look=0, look_share=0)
BUSY = Pace(poll=0.01, look=0, look_share=0)


class Clock:
    now = START

    def __call__(self) -> int:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += round(seconds * MICROSECONDS)


class Bench:
    """A job store with a clock, requests, and runners that stop at the end of the test."""

    def __init__(self, store: JobStore, clock: Clock, stack: AsyncExitStack) -> None:
        self.store = store
        self.clock = clock
        self._stack = stack

    async def request(self, target: str = "t", *, tenant_id: int = 1, **fields) -> int:
        return await self.store.request(JobRequest(tenant_id, KIND, target, **fields), self.clock())

    async def start(self, handler, *, concurrency: int = 1, pace: Pace = PATIENT, store=None, kind=KIND):
        handlers = {} if handler is None else {kind: handler}
        runner = JobRunner(store or self.store, handlers, self.clock, concurrency=concurrency, pace=pace)
        await self._stack.enter_async_context(running(runner))
        return runner

    async def find(self, job_id: int, *, tenant_id: int = 1) -> StoredJob:
        job = await self.store.find(tenant_id, job_id)
        assert job is not None
        return job

    async def wait_for(self, job_id: int, condition: Callable[[StoredJob], bool]) -> StoredJob:
        while not condition(job := await self.find(job_id)):  # noqa: ASYNC110 - state is in the database
            await asyncio.sleep(0.005)
        return job

    async def wait_until(self, job_id: int, state: str) -> StoredJob:
        return await self.wait_for(job_id, lambda job: job.state == state)

    async def claim_elsewhere(self, *, ahead_seconds: float = 0, lease_seconds: float = 60):
        """Claim a job as another server whose clock is ahead."""
        now = self.clock() + round(ahead_seconds * MICROSECONDS)
        lease_until = now + round(lease_seconds * MICROSECONDS)
        lost_before = now - round(PATIENT.skew * MICROSECONDS)
        return await self.store.claim(1, Claim("elsewhere", (KIND,), now, lease_until, lost_before))


@asynccontextmanager
async def running(runner: JobRunner) -> AsyncIterator[None]:
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the runner has no event for each thing a test waits for
        await asyncio.sleep(0.005)


class GatedHandler:
    """A handler that records the jobs it receives, and works until its gate is opened."""

    def __init__(self, result=None) -> None:
        self.entered: list[ClaimedJob] = []
        self.active = 0
        self.max_active = 0
        self.open = asyncio.Event()
        self._result = result or Done()

    async def __call__(self, job: ClaimedJob, _progress):
        self.entered.append(job)
        self.active += 1
        self.max_active = max(self.max_active, self.active)
        try:
            await self.open.wait()
        finally:
            self.active -= 1
        return self._result


async def finish(_job: ClaimedJob, _progress):
    return Done()


class FailingStore(JobStore):
    """A store whose methods fail a given number of times each, as if the database were unavailable."""

    def __init__(self, store: JobStore, **failures: int) -> None:
        super().__init__(store._database, store._jobs, store._writer)
        self.failures = failures

    def _fail(self, name: str) -> None:
        if self.failures.get(name, 0) > 0:
            self.failures[name] -= 1
            raise DatabaseUnavailable("the database is away")

    async def renew(self, job, lease_until):
        self._fail("renew")
        return await super().renew(job, lease_until)

    async def report(self, job, progress, now, lease_until):
        self._fail("report")
        return await super().report(job, progress, now, lease_until)

    async def release(self, job, decide, now, **options):
        self._fail("release")
        return await super().release(job, decide, now, **options)

    async def list_due_tenants(self, kinds, now, lost_before):
        self._fail("look")
        return await super().list_due_tenants(kinds, now, lost_before)
