"""The job runner: who runs which job, and when."""

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

from .bench import BUSY, KIND, START, Bench, Faulty, Gate, be_done, wait_for


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
    await wait_for(lambda: runner.outcomes == {Outcome.DONE: 1})


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
    await wait_for(lambda: sum(runner.outcomes[Outcome.DONE] for runner in runners) == 10)
    assert sum(runner.outcomes[Outcome.AGAIN] for runner in runners) == 20


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


async def test_the_database_may_be_away_for_a_while(bench: Bench):
    job_id = await bench.ask()
    store = Faulty(bench.store, look=2)

    await bench.start(be_done, store=store, pace=Pace(poll=1_000, look=0, first_pause=0.01))

    await bench.wait_until(job_id, DONE)
    assert store.faults["look"] == 0


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
