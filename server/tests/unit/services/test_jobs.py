"""The runner of jobs, on a SQLite file: who works on what, when, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from mnemo_server.db.database import Database
from mnemo_server.db.errors import DatabaseUnavailable
from mnemo_server.db.migrate import migrate
from mnemo_server.db.queries import load_queries, parse_queries
from mnemo_server.db.sqlite import SqliteDatabase
from mnemo_server.domain.clock import MICROSECONDS, system_clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.domain.jobs import (
    DONE,
    FAILED,
    MAX_ATTEMPTS,
    RUNNING,
    WAITING,
    Again,
    ClaimedJob,
    Done,
    JobError,
    JobLost,
    JobRequest,
    Postponed,
    StoredJob,
)
from mnemo_server.services.job_runs import Ending, Pace
from mnemo_server.services.jobs import JobRunner
from mnemo_server.stores.job_ports import Claim
from mnemo_server.stores.job_writing import JobWriter
from mnemo_server.stores.jobs import SqlJobStore

KIND = "enrich"
START = 1_000_000 * MICROSECONDS
#: Looks for jobs only when it is told to, so that a test that passes has been woken.
PATIENT = Pace(poll=1_000, look=0, look_share=0)
BUSY = Pace(poll=0.01, look=0, look_share=0)


class Clock:
    now = START

    def __call__(self) -> int:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += round(seconds * MICROSECONDS)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await SqliteDatabase.open(tmp_path / "jobs.db")
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def writer(database: Database) -> JobWriter:
    queries = await asyncio.to_thread(load_queries, "jobs", database.variant)
    return JobWriter(queries, IdSource(system_clock))


@pytest.fixture
async def store(database: Database, writer: JobWriter) -> SqlJobStore:
    return SqlJobStore(database, await asyncio.to_thread(load_queries, "jobs", database.variant), writer)


class Bench:
    """A store with a clock, requests, and runners that stop at the end of the test."""

    def __init__(self, store: SqlJobStore, clock: Clock, stack: AsyncExitStack) -> None:
        self.store = store
        self.clock = clock
        self._stack = stack

    async def ask(self, target: str = "t", *, tenant_id: int = 1, **fields) -> int:
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

    async def wait_for(self, job_id: int, is_so: Callable[[StoredJob], bool]) -> StoredJob:
        while not is_so(job := await self.find(job_id)):  # noqa: ASYNC110 - asked of the database
            await asyncio.sleep(0.005)
        return job

    async def wait_until(self, job_id: int, state: str) -> StoredJob:
        return await self.wait_for(job_id, lambda job: job.state == state)

    async def claim_elsewhere(self, *, ahead_seconds: float = 0, lease_seconds: float = 60):
        """Claim as another server whose clock is ahead."""
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


@pytest.fixture
async def bench(store: SqlJobStore, clock: Clock) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        yield Bench(store, clock, stack)


async def wait_for(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - the runner has no event for each thing a test waits for
        await asyncio.sleep(0.005)


class Gate:
    """A handler that tells which jobs it was given, and works until it is let go."""

    def __init__(self, result=None) -> None:
        self.entered: list[ClaimedJob] = []
        self.inside = 0
        self.most_inside = 0
        self.open = asyncio.Event()
        self._result = result or Done()

    async def __call__(self, job: ClaimedJob, _progress):
        self.entered.append(job)
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await self.open.wait()
        finally:
            self.inside -= 1
        return self._result


async def be_done(_job: ClaimedJob, _progress):
    return Done()


async def test_a_request_that_is_noted_is_worked_on_at_once(bench: Bench):
    given: list[ClaimedJob] = []

    async def handler(job, _progress):
        given.append(job)
        return Done({"found": 3})

    runner = await bench.start(handler)
    job_id = await bench.ask("session:s", item_ids=(), detail={"why": 1})
    runner.note(1)

    job = await bench.wait_until(job_id, DONE)
    assert [(one.id, one.tenant_id, one.kind, one.target) for one in given] == [
        (job_id, 1, KIND, "session:s")
    ]
    assert given[0].detail == {"why": 1}
    assert job.detail == {"found": 3}
    await wait_for(lambda: runner.endings == {Ending.DONE: 1})


async def test_a_request_of_another_server_is_found(bench: Bench):
    await bench.start(be_done, pace=BUSY)
    job_id = await bench.ask()

    await bench.wait_until(job_id, DONE)


async def test_a_job_begins_when_it_is_due(bench: Bench):
    gate = Gate()
    runner = await bench.start(gate, pace=BUSY)
    job_id = await bench.ask(run_at=START + 10)
    other = await bench.ask("u")
    runner.note(1)
    gate.open.set()
    await bench.wait_until(other, DONE)
    assert (await bench.find(job_id)).state == WAITING

    bench.clock.now = START + 10

    await bench.wait_until(job_id, DONE)


@pytest.mark.parametrize(("handler", "concurrency"), [(None, 2), (be_done, 0)])
async def test_without_handler_or_room_jobs_are_left_to_others(bench: Bench, handler, concurrency):
    idle = await bench.start(handler, concurrency=concurrency, pace=BUSY)
    other_kind = await bench.start(be_done, kind="redact", pace=BUSY)
    job_id = await bench.ask()
    idle.note(1)
    other_kind.note(1)
    redaction = await bench.store.request(JobRequest(1, "redact", "t"), bench.clock())
    await bench.wait_until(redaction, DONE)
    assert (await bench.find(job_id)).state == WAITING

    runner = await bench.start(be_done)
    runner.note(1)

    await bench.wait_until(job_id, DONE)


async def test_no_more_than_so_many_jobs_are_worked_on_at_once(bench: Bench):
    gate = Gate()
    ids = [await bench.ask(f"t{number}") for number in range(5)]
    runner = await bench.start(gate, concurrency=2)
    await wait_for(lambda: gate.inside == 2)
    runner.note(1)
    assert runner.running == 2

    gate.open.set()

    for job_id in ids:
        await bench.wait_until(job_id, DONE)
    assert gate.most_inside == 2
    assert len(gate.entered) == 5


async def test_two_runners_never_work_on_one_job_at_once(bench: Bench):
    inside: set[int] = set()
    runs: list[int] = []

    async def handler(job, _progress):
        assert job.id not in inside
        inside.add(job.id)
        runs.append(job.id)
        await asyncio.sleep(0)
        inside.discard(job.id)
        return Again() if runs.count(job.id) < 3 else Done()

    ids = [await bench.ask(f"t{number}") for number in range(10)]
    runners = [await bench.start(handler, concurrency=3, pace=BUSY) for _ in range(3)]

    for job_id in ids:
        assert (await bench.wait_until(job_id, DONE)).error is None
    assert sorted(runs) == sorted(ids * 3)
    await wait_for(lambda: sum(runner.endings[Ending.DONE] for runner in runners) == 10)
    assert sum(runner.endings[Ending.AGAIN] for runner in runners) == 20


async def test_a_request_while_it_runs_makes_it_run_once_more(bench: Bench):
    gate = Gate()
    runner = await bench.start(gate)
    job_id = await bench.ask()
    runner.note(1)
    await wait_for(lambda: gate.inside == 1)
    for _ in range(3):
        await bench.ask()
        runner.note(1)

    gate.open.set()

    await bench.wait_until(job_id, DONE)
    assert [job.requests for job in gate.entered] == [1, 4]


async def flood(database: Database, tenant_id: int, jobs: int) -> None:
    query = parse_queries(
        "-- name: put\nINSERT INTO jobs (tenant_id, id, kind, target, state, requests, attempts, run_at, "
        "done_count, total_count, created_at, updated_at) VALUES (:tenant_id, :id, 'enrich', :id, 'waiting', "
        "1, 0, :id, 0, 0, 1, 1);",
        "sqlite",
        origin=__name__,
    ).put
    await database.execute_many(query, [{"tenant_id": tenant_id, "id": number + 1} for number in range(jobs)])


async def test_a_tenant_with_ten_thousand_jobs_lets_others_have_their_turn(bench: Bench, database: Database):
    await flood(database, 1, 10_000)
    await bench.ask(tenant_id=2)
    tenants: list[int] = []
    third_asked = asyncio.Event()

    async def handler(job, _progress):
        tenants.append(job.tenant_id)
        if len(tenants) == 5:
            await bench.ask(tenant_id=3)  # noted nowhere: as through another server
            third_asked.set()
        return Done()

    await bench.start(handler)
    await wait_for(lambda: len(tenants) >= 7)

    assert sorted(tenants[:2]) == [1, 2]
    assert third_asked.is_set()
    assert 3 in tenants[5:7]


async def test_own_requests_have_their_turn_without_a_look(bench: Bench, database: Database):
    await flood(database, 1, 100)
    tenants: list[int] = []

    async def handler(job, _progress):
        tenants.append(job.tenant_id)
        if len(tenants) == 5:
            await bench.ask(tenant_id=2)
            runner.note(2)
        return Done()

    runner = await bench.start(handler, pace=Pace(poll=1_000, look=1_000))
    await wait_for(lambda: len(tenants) >= 7)

    assert tenants[:7] == [1, 1, 1, 1, 1, 2, 1]


async def test_tenants_take_turns(bench: Bench):
    tenants: list[int] = []

    async def handler(job, _progress):
        tenants.append(job.tenant_id)
        return Done()

    for tenant_id, jobs in ((1, 5), (2, 3), (3, 1)):
        for number in range(jobs):
            await bench.ask(f"t{number}", tenant_id=tenant_id)
            bench.clock.now += 1
    await bench.start(handler)
    await wait_for(lambda: len(tenants) == 9)

    assert tenants == [1, 2, 3, 1, 2, 1, 2, 1, 1]


async def test_many_turns_are_remembered_but_not_all(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mnemo_server.services.jobs.MAX_REMEMBERED", 2)
    for tenant_id in (1, 2, 3):
        await bench.ask(tenant_id=tenant_id)
    runner = await bench.start(be_done)

    await wait_for(lambda: runner.endings[Ending.DONE] == 3)

    assert list(runner._served.values()) == [2, 3]


async def test_the_lease_is_renewed_while_a_long_handler_works(bench: Bench):
    gate = Gate()
    job_id = await bench.ask()
    await bench.start(gate, pace=Pace(poll=1_000, renew=0.01))
    await wait_for(lambda: gate.inside == 1)
    for _ in range(10):
        assert await bench.claim_elsewhere() is None
        bench.clock.pass_seconds(30)
        await wait_for_lease(bench, job_id)

    gate.open.set()

    assert (await bench.wait_until(job_id, DONE)).attempts == 0
    assert len(gate.entered) == 1


async def wait_for_lease(bench: Bench, job_id: int) -> None:
    """Wait until a lease was renewed at the time of the clock."""
    text = "-- name: asked\nSELECT lease_until FROM jobs WHERE id = :id AND lease_until >= :until;"
    query = parse_queries(text, "sqlite", origin=__name__).asked
    params = {"id": job_id, "until": bench.clock() + 60 * MICROSECONDS}
    while await bench.store._database.fetch_one(query, params) is None:  # noqa: ASYNC110 - asked of the database
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("ahead", [-8, 8])
async def test_clocks_that_differ_by_seconds_take_no_job_from_a_server_that_works(bench: Bench, ahead):
    """Even when it can't renew: it stops at the end of its lease, and others wait longer than that."""
    gate = Gate()
    job_id = await bench.ask(run_at=START - 10 * MICROSECONDS)
    await bench.start(gate)
    await wait_for(lambda: gate.inside == 1)
    bench.clock.pass_seconds(60 + min(ahead, 0) + 1)

    assert await bench.claim_elsewhere(ahead_seconds=ahead) is None

    gate.open.set()
    await bench.wait_until(job_id, DONE)


async def test_a_server_that_lost_its_job_stops_and_writes_nothing(
    bench: Bench, database: Database, writer: JobWriter
):
    outcomes: list[type[BaseException] | None] = []

    async def handler(job, progress):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            for write in (
                lambda: database.transact(lambda tx: writer.take_out(tx, job, [1, 2], bench.clock())),
                lambda: progress(2, 2),
            ):
                try:
                    await write()
                except JobLost as lost:
                    outcomes.append(type(lost))
            raise

    job_id = await bench.ask(item_ids=(1, 2))
    runner = await bench.start(handler, pace=Pace(poll=1_000, renew=0.05))
    await wait_for(lambda: runner.running == 1)
    other = await bench.claim_elsewhere(ahead_seconds=1_000)
    assert other is not None

    await wait_for(lambda: runner.endings == {Ending.LOST: 1})

    assert outcomes == [JobLost, JobLost]
    assert await bench.store.list_items(other, 10) == [1, 2]
    job = await bench.find(job_id)
    assert (job.state, job.done_count) == (RUNNING, 0)


async def test_a_result_that_comes_after_the_job_was_lost_is_not_kept(bench: Bench):
    gate = Gate(Done({"late": True}))
    job_id = await bench.ask()
    runner = await bench.start(gate)
    await wait_for(lambda: gate.inside == 1)
    await bench.claim_elsewhere(ahead_seconds=1_000)

    gate.open.set()

    await wait_for(lambda: runner.endings == {Ending.LOST: 1})
    job = await bench.find(job_id)
    assert (job.state, job.detail) == (RUNNING, None)


class Faulty(SqlJobStore):
    """A store some of whose methods find no database, by name: how often."""

    def __init__(self, store: SqlJobStore, **faults: int) -> None:
        super().__init__(store._database, store._jobs, store._writer)
        self.faults = faults

    def _fail(self, name: str) -> None:
        if self.faults.get(name, 0) > 0:
            self.faults[name] -= 1
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


async def test_a_server_that_can_not_renew_stops_at_the_end_of_its_lease(bench: Bench):
    gate = Gate()
    job_id = await bench.ask()
    store = Faulty(bench.store, renew=1_000)

    runner = await bench.start(gate, store=store, pace=Pace(poll=1_000, lease=0.2, renew=0.01))

    await wait_for(lambda: runner.endings == {Ending.LOST: 1})
    assert gate.inside == 0
    assert (await bench.find(job_id)).state == RUNNING


async def test_a_renewal_that_fails_now_and_then_costs_nothing(bench: Bench):
    gate = Gate()
    job_id = await bench.ask()
    store = Faulty(bench.store, renew=2)
    await bench.start(gate, store=store, pace=Pace(poll=1_000, renew=0.01))
    await wait_for(lambda: store.faults["renew"] == 0)
    bench.clock.pass_seconds(1)
    await wait_for_lease(bench, job_id)

    gate.open.set()

    await bench.wait_until(job_id, DONE)


async def test_the_database_may_be_away_for_a_while(bench: Bench):
    job_id = await bench.ask()
    store = Faulty(bench.store, look=2)

    await bench.start(be_done, store=store, pace=Pace(poll=1_000, look=0, first_pause=0.01))

    await bench.wait_until(job_id, DONE)
    assert store.faults["look"] == 0


async def test_a_job_whose_end_was_not_written_is_taken_over_after_its_lease(bench: Bench):
    job_id = await bench.ask()
    store = Faulty(bench.store, release=1)
    runner = await bench.start(be_done, store=store, pace=BUSY)
    await wait_for(lambda: store.faults["release"] == 0 and not runner.running)
    assert (await bench.find(job_id)).state == RUNNING

    bench.clock.pass_seconds(71)

    await bench.wait_until(job_id, DONE)
    await wait_for(lambda: runner.endings == {Ending.DONE: 1})


async def test_a_job_of_a_server_that_died_is_taken_over_after_its_lease(bench: Bench):
    """And after as much longer as clocks may differ."""
    job_id = await bench.ask()
    assert await bench.claim_elsewhere(lease_seconds=60) is not None
    gate = Gate()
    gate.open.set()
    await bench.start(gate, pace=BUSY)
    bench.clock.pass_seconds(69)
    other = await bench.ask("u")
    await bench.wait_until(other, DONE)
    assert [job.id for job in gate.entered] == [other]

    bench.clock.pass_seconds(1)

    await bench.wait_until(job_id, DONE)
    assert gate.entered[-1].attempts == 1


async def test_a_server_that_stops_hands_its_jobs_back(bench: Bench):
    gate = Gate()
    runner = JobRunner(bench.store, {KIND: gate}, bench.clock, concurrency=1, pace=PATIENT)
    job_id = await bench.ask()
    async with running(runner):
        await wait_for(lambda: gate.inside == 1)

    job = await bench.find(job_id)
    assert (job.state, job.attempts, job.error) == (WAITING, 0, None)
    assert gate.inside == 0
    assert await bench.claim_elsewhere() is not None


async def test_an_error_is_told_and_tried_again_after_a_pause(bench: Bench):
    failures = [JobError("the model answered nonsense"), None]

    async def handler(_job, _progress):
        if failure := failures.pop(0):
            raise failure
        return Done()

    job_id = await bench.ask()
    runner = await bench.start(handler, pace=BUSY)
    job = await bench.wait_for(job_id, lambda job: job.attempts == 1)
    assert (job.state, job.error) == (WAITING, "the model answered nonsense")
    assert 5 <= (job.run_at - START) / MICROSECONDS <= 6
    assert failures == [None]

    bench.clock.pass_seconds(6)

    job = await bench.wait_until(job_id, DONE)
    assert (job.attempts, job.error) == (0, None)
    await wait_for(lambda: runner.endings == {Ending.RETRIED: 1, Ending.DONE: 1})


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            ValueError("secret text"),
            "something unexpected went wrong (ValueError); the server's log says more",
        ),
        (DatabaseUnavailable("put_memory: away"), "put_memory: away"),
        (TimeoutError(), "it took too long"),
        (asyncio.CancelledError(), "it was cancelled"),
    ],
)
async def test_what_went_wrong_is_told_without_telling_secrets(bench: Bench, error, sentence):
    async def handler(_job, _progress):
        raise error

    job_id = await bench.ask()
    await bench.start(handler)

    job = await bench.wait_for(job_id, lambda job: job.attempts == 1)
    assert job.error == sentence


async def test_a_job_that_fails_again_and_again_is_given_up_until_it_is_asked_for(bench: Bench):
    async def handler(_job, _progress):
        raise JobError("it rained")

    job_id = await bench.ask()
    runner = await bench.start(handler, pace=BUSY)
    for attempts in range(1, MAX_ATTEMPTS):
        await bench.wait_for(job_id, lambda job, attempts=attempts: job.attempts == attempts)
        bench.clock.pass_seconds(3_600)

    job = await bench.wait_until(job_id, FAILED)
    assert (job.attempts, job.error) == (MAX_ATTEMPTS, "it rained")
    await wait_for(lambda: runner.endings == {Ending.RETRIED: MAX_ATTEMPTS - 1, Ending.FAILED: 1})
    await bench.ask()
    await bench.wait_for(job_id, lambda job: (job.state, job.attempts) == (WAITING, 1))


async def test_a_run_that_never_ends_fails(bench: Bench):
    job_id = await bench.ask()
    gate = Gate()
    await bench.start(gate, pace=Pace(poll=1_000, longest_run=0.05))

    job = await bench.wait_for(job_id, lambda job: job.attempts == 1)

    assert (job.error, gate.inside) == ("it took too long", 0)


async def test_a_postponed_job_waits_with_its_note(bench: Bench):
    later = START + 100 * MICROSECONDS
    results = [Postponed("skipped_budget", later), Done()]
    job_id = await bench.ask()

    async def handler(_job, _progress):
        return results.pop(0)

    runner = await bench.start(handler, pace=BUSY)
    job = await bench.wait_for(job_id, lambda job: job.note is not None)
    assert (job.state, job.note, job.run_at, job.attempts) == (WAITING, "skipped_budget", later, 0)

    bench.clock.pass_seconds(100)

    job = await bench.wait_until(job_id, DONE)
    assert job.note is None
    await wait_for(lambda: runner.endings == {Ending.POSTPONED: 1, Ending.DONE: 1})


async def test_progress_is_seen_while_it_works_and_afterwards(bench: Bench):
    steps = asyncio.Queue[tuple[int, int] | None]()

    async def handler(_job, progress):
        while step := await steps.get():
            await progress(*step)
        return Done()

    job_id = await bench.ask()
    await bench.start(handler, store=Faulty(bench.store, report=1), pace=Pace(poll=1_000, report=0))
    for step in ((1, 9), (2, 9)):  # the first finds no database, which is no reason to stop
        steps.put_nowait(step)
    job = await bench.wait_for(job_id, lambda job: job.done_count > 0)
    assert (job.state, job.done_count, job.total_count) == (RUNNING, 2, 9)
    steps.put_nowait((9, 9))
    steps.put_nowait(None)

    job = await bench.wait_until(job_id, DONE)
    assert (job.done_count, job.total_count) == (9, 9)


async def test_progress_costs_a_write_now_and_then_only(bench: Bench, database: Database):
    async def handler(_job, progress):
        before = database.round_trips
        for number in range(1_000):
            await progress(number, 1_000)
        return Done({"round_trips": database.round_trips - before})

    job_id = await bench.ask()
    await bench.start(handler)

    job = await bench.wait_until(job_id, DONE)
    assert job.detail is not None
    assert job.detail["round_trips"] <= 3
    assert (job.done_count, job.total_count) == (999, 1_000)


async def test_waiting_for_jobs_costs_one_query_a_look(bench: Bench, database: Database):
    runner = await bench.start(be_done, pace=BUSY)
    await wait_for(lambda: runner._look_at > 0)
    looks = 0
    look = bench.store.list_due_tenants

    async def counted(*arguments):
        nonlocal looks
        looks += 1
        return await look(*arguments)

    bench.store.list_due_tenants = counted  # type: ignore[method-assign]
    before = database.round_trips
    await wait_for(lambda: looks >= 5)

    assert database.round_trips - before <= looks


async def test_what_there_is_is_counted(bench: Bench):
    await bench.ask(run_at=START - 5 * MICROSECONDS)
    runner = await bench.start(None)

    await wait_for(lambda: runner.counts.waiting == 1)

    assert runner.oldest_due_seconds == 5
    bench.clock.now = START - 10 * MICROSECONDS
    assert runner.oldest_due_seconds == 0
