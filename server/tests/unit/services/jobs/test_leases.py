"""A job stays with the server that runs it, and passes to another one if that server can't continue."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.db.database import Database
from mnemo_server.db.queries import parse_queries
from mnemo_server.domain.clock import MICROSECONDS
from mnemo_server.domain.jobs import (
    DONE,
    RUNNING,
    WAITING,
    Done,
    JobLost,
)
from mnemo_server.services.jobs.run import Outcome, Pace
from mnemo_server.services.jobs.runner import JobRunner
from mnemo_server.stores.jobs.write import JobWriter

from .bench import BUSY, KIND, PATIENT, START, Bench, FailingStore, GatedHandler, finish, running, wait_for


async def test_the_lease_is_renewed_while_a_long_handler_works(bench: Bench):
    gate = GatedHandler()
    job_id = await bench.request()
    await bench.start(gate, pace=Pace(poll=1_000, renew=0.01))
    await wait_for(lambda: gate.active == 1)
    for _ in range(10):
        assert await bench.claim_elsewhere() is None
        bench.clock.pass_seconds(30)
        await wait_for_lease(bench, job_id)

    gate.open.set()

    assert (await bench.wait_until(job_id, DONE)).attempts == 0
    assert len(gate.entered) == 1


async def wait_for_lease(bench: Bench, job_id: int) -> None:
    """Wait until the lease was renewed at the clock's time."""
    text = "-- name: asked\nSELECT lease_until FROM jobs WHERE id = :id AND lease_until >= :until;"
    query = parse_queries(text, "sqlite", origin=__name__).asked
    params = {"id": job_id, "until": bench.clock() + 60 * MICROSECONDS}
    while await bench.store._database.fetch_one(query, params) is None:  # noqa: ASYNC110 - state is in the database
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("ahead", [-8, 8])
async def test_clock_skew_of_seconds_does_not_move_a_job_from_a_working_server(bench: Bench, ahead):
    """Even when it can't renew: it stops at the end of its lease, and others wait longer than that."""
    gate = GatedHandler()
    job_id = await bench.request(run_at=START - 10 * MICROSECONDS)
    await bench.start(gate)
    await wait_for(lambda: gate.active == 1)
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

    job_id = await bench.request(item_ids=(1, 2))
    runner = await bench.start(handler, pace=Pace(poll=1_000, renew=0.05))
    await wait_for(lambda: runner.running == 1)
    other = await bench.claim_elsewhere(ahead_seconds=1_000)
    assert other is not None

    await wait_for(lambda: runner.outcomes == {Outcome.LOST: 1})

    assert outcomes == [JobLost, JobLost]
    assert await bench.store.list_items(other, 10) == [1, 2]
    job = await bench.find(job_id)
    assert (job.state, job.done_count) == (RUNNING, 0)


async def test_the_result_of_a_lost_job_is_dropped(bench: Bench):
    gate = GatedHandler(Done({"late": True}))
    job_id = await bench.request()
    runner = await bench.start(gate)
    await wait_for(lambda: gate.active == 1)
    await bench.claim_elsewhere(ahead_seconds=1_000)

    gate.open.set()

    await wait_for(lambda: runner.outcomes == {Outcome.LOST: 1})
    job = await bench.find(job_id)
    assert (job.state, job.detail) == (RUNNING, None)


async def test_a_server_that_cannot_renew_stops_at_the_end_of_its_lease(bench: Bench):
    gate = GatedHandler()
    job_id = await bench.request()
    store = FailingStore(bench.store, renew=1_000)

    runner = await bench.start(gate, store=store, pace=Pace(poll=1_000, lease=0.2, renew=0.01))

    await wait_for(lambda: runner.outcomes == {Outcome.LOST: 1})
    assert gate.active == 0
    assert (await bench.find(job_id)).state == RUNNING


async def test_occasional_failures_to_renew_are_tolerated(bench: Bench):
    gate = GatedHandler()
    job_id = await bench.request()
    store = FailingStore(bench.store, renew=2)
    await bench.start(gate, store=store, pace=Pace(poll=1_000, renew=0.01))
    await wait_for(lambda: store.failures["renew"] == 0)
    bench.clock.pass_seconds(1)
    await wait_for_lease(bench, job_id)

    gate.open.set()

    await bench.wait_until(job_id, DONE)


async def test_a_job_whose_result_was_not_written_is_taken_over_after_its_lease(bench: Bench):
    job_id = await bench.request()
    store = FailingStore(bench.store, release=1)
    runner = await bench.start(finish, store=store, pace=BUSY)
    await wait_for(lambda: store.failures["release"] == 0 and not runner.running)
    assert (await bench.find(job_id)).state == RUNNING

    bench.clock.pass_seconds(71)

    await bench.wait_until(job_id, DONE)
    await wait_for(lambda: runner.outcomes == {Outcome.DONE: 1})


async def test_a_job_of_a_dead_server_is_taken_over_after_its_lease(bench: Bench):
    """Others also wait for the clock skew that is allowed."""
    job_id = await bench.request()
    assert await bench.claim_elsewhere(lease_seconds=60) is not None
    gate = GatedHandler()
    gate.open.set()
    await bench.start(gate, pace=BUSY)
    bench.clock.pass_seconds(69)
    other = await bench.request("u")
    await bench.wait_until(other, DONE)
    assert [job.id for job in gate.entered] == [other]

    bench.clock.pass_seconds(1)

    await bench.wait_until(job_id, DONE)
    assert gate.entered[-1].attempts == 1


async def test_a_server_that_stops_hands_its_jobs_back(bench: Bench):
    gate = GatedHandler()
    runner = JobRunner(bench.store, {KIND: gate}, bench.clock, concurrency=1, pace=PATIENT)
    job_id = await bench.request()
    async with running(runner):
        await wait_for(lambda: gate.active == 1)

    job = await bench.find(job_id)
    assert (job.state, job.attempts, job.error) == (WAITING, 0, None)
    assert gate.active == 0
    assert await bench.claim_elsewhere() is not None
