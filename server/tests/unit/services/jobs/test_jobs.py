"""The job runner: which runner runs which job, and when."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.db.database import Database
from mnemo_server.domain.clock import MICROSECONDS
from mnemo_server.domain.jobs import (
    DONE,
    WAITING,
    Again,
    ClaimedJob,
    Done,
    JobRequest,
)
from mnemo_server.services.jobs.run import Outcome, Pace

from .bench import BUSY, KIND, START, Bench, FailingStore, GatedHandler, finish, wait_for


async def test_a_noted_request_is_processed_at_once(bench: Bench):
    received: list[ClaimedJob] = []

    async def handler(job, _progress):
        received.append(job)
        return Done({"found": 3})

    runner = await bench.start(handler)
    job_id = await bench.request("session:s", item_ids=(), detail={"why": 1})
    runner.note(1)

    job = await bench.wait_until(job_id, DONE)
    assert [(one.id, one.tenant_id, one.kind, one.target) for one in received] == [
        (job_id, 1, KIND, "session:s")
    ]
    assert received[0].detail == {"why": 1}
    assert job.detail == {"found": 3}
    await wait_for(lambda: runner.outcomes == {Outcome.DONE: 1})


async def test_a_request_made_through_another_server_is_found(bench: Bench):
    await bench.start(finish, pace=BUSY)
    job_id = await bench.request()

    await bench.wait_until(job_id, DONE)


async def test_a_job_starts_when_it_is_due(bench: Bench):
    gate = GatedHandler()
    runner = await bench.start(gate, pace=BUSY)
    job_id = await bench.request(run_at=START + 10)
    other = await bench.request("u")
    runner.note(1)
    gate.open.set()
    await bench.wait_until(other, DONE)
    assert (await bench.find(job_id)).state == WAITING

    bench.clock.now = START + 10

    await bench.wait_until(job_id, DONE)


@pytest.mark.parametrize(("handler", "concurrency"), [(None, 2), (finish, 0)])
async def test_a_runner_without_handler_or_capacity_leaves_jobs_to_others(bench: Bench, handler, concurrency):
    idle = await bench.start(handler, concurrency=concurrency, pace=BUSY)
    other_kind = await bench.start(finish, kind="redact", pace=BUSY)
    job_id = await bench.request()
    idle.note(1)
    other_kind.note(1)
    redaction = await bench.store.request(JobRequest(1, "redact", "t"), bench.clock())
    await bench.wait_until(redaction, DONE)
    assert (await bench.find(job_id)).state == WAITING

    runner = await bench.start(finish)
    runner.note(1)

    await bench.wait_until(job_id, DONE)


async def test_the_number_of_concurrent_jobs_is_limited(bench: Bench):
    gate = GatedHandler()
    ids = [await bench.request(f"t{number}") for number in range(5)]
    runner = await bench.start(gate, concurrency=2)
    await wait_for(lambda: gate.active == 2)
    runner.note(1)
    assert runner.running == 2

    gate.open.set()

    for job_id in ids:
        await bench.wait_until(job_id, DONE)
    assert gate.max_active == 2
    assert len(gate.entered) == 5


async def test_two_runners_never_run_the_same_job_at_once(bench: Bench):
    active: set[int] = set()
    runs: list[int] = []

    async def handler(job, _progress):
        assert job.id not in active
        active.add(job.id)
        runs.append(job.id)
        await asyncio.sleep(0)
        active.discard(job.id)
        return Again() if runs.count(job.id) < 3 else Done()

    ids = [await bench.request(f"t{number}") for number in range(10)]
    runners = [await bench.start(handler, concurrency=3, pace=BUSY) for _ in range(3)]

    for job_id in ids:
        assert (await bench.wait_until(job_id, DONE)).error is None
    assert sorted(runs) == sorted(ids * 3)
    await wait_for(lambda: sum(runner.outcomes[Outcome.DONE] for runner in runners) == 10)
    assert sum(runner.outcomes[Outcome.AGAIN] for runner in runners) == 20


async def test_a_job_requested_while_it_runs_runs_once_more(bench: Bench):
    gate = GatedHandler()
    runner = await bench.start(gate)
    job_id = await bench.request()
    runner.note(1)
    await wait_for(lambda: gate.active == 1)
    for _ in range(3):
        await bench.request()
        runner.note(1)

    gate.open.set()

    await bench.wait_until(job_id, DONE)
    assert [job.requests for job in gate.entered] == [1, 4]


async def test_the_runner_survives_an_outage_of_the_database(bench: Bench):
    job_id = await bench.request()
    store = FailingStore(bench.store, look=2)

    await bench.start(finish, store=store, pace=Pace(poll=1_000, look=0, first_pause=0.01))

    await bench.wait_until(job_id, DONE)
    assert store.failures["look"] == 0


async def test_polling_for_jobs_costs_one_query(bench: Bench, database: Database):
    runner = await bench.start(finish, pace=BUSY)
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


async def test_job_counts_and_the_oldest_due_job_are_measured(bench: Bench):
    await bench.request(run_at=START - 5 * MICROSECONDS)
    runner = await bench.start(None)

    await wait_for(lambda: runner.counts.waiting == 1)

    assert runner.oldest_due_seconds == 5
    bench.clock.now = START - 10 * MICROSECONDS
    assert runner.oldest_due_seconds == 0
