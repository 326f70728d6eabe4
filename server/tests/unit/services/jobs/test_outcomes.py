"""The state of a job after its handler has ended."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.db.database import Database
from mnemo_server.db.errors import DatabaseUnavailable
from mnemo_server.domain.clock import MICROSECONDS
from mnemo_server.domain.jobs import (
    DONE,
    FAILED,
    MAX_ATTEMPTS,
    RUNNING,
    WAITING,
    Done,
    JobError,
    Postponed,
)
from mnemo_server.services.jobs.run import Outcome, Pace

from .bench import BUSY, START, Bench, FailingStore, GatedHandler, wait_for


async def test_an_error_is_recorded_and_the_job_retried_after_a_pause(bench: Bench):
    failures = [JobError("the model answered nonsense"), None]

    async def handler(_job, _progress):
        if failure := failures.pop(0):
            raise failure
        return Done()

    job_id = await bench.request()
    runner = await bench.start(handler, pace=BUSY)
    job = await bench.wait_for(job_id, lambda job: job.attempts == 1)
    assert (job.state, job.error) == (WAITING, "the model answered nonsense")
    assert 5 <= (job.run_at - START) / MICROSECONDS <= 6
    assert failures == [None]

    bench.clock.pass_seconds(6)

    job = await bench.wait_until(job_id, DONE)
    assert (job.attempts, job.error) == (0, None)
    await wait_for(lambda: runner.outcomes == {Outcome.RETRIED: 1, Outcome.DONE: 1})


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            ValueError("secret text"),
            "something unexpected went wrong (ValueError); the server's log has the details",
        ),
        (DatabaseUnavailable("put_memory: away"), "put_memory: away"),
        (TimeoutError(), "it took too long"),
        (asyncio.CancelledError(), "it was cancelled"),
    ],
)
async def test_the_error_of_a_job_contains_no_secrets(bench: Bench, error, sentence):
    async def handler(_job, _progress):
        raise error

    job_id = await bench.request()
    await bench.start(handler)

    job = await bench.wait_for(job_id, lambda job: job.attempts == 1)
    assert job.error == sentence


async def test_a_job_that_keeps_failing_is_given_up_until_it_is_requested_again(bench: Bench):
    async def handler(_job, _progress):
        raise JobError("it rained")

    job_id = await bench.request()
    runner = await bench.start(handler, pace=BUSY)
    for attempts in range(1, MAX_ATTEMPTS):
        await bench.wait_for(job_id, lambda job, attempts=attempts: job.attempts == attempts)
        bench.clock.pass_seconds(3_600)

    job = await bench.wait_until(job_id, FAILED)
    assert (job.attempts, job.error) == (MAX_ATTEMPTS, "it rained")
    await wait_for(lambda: runner.outcomes == {Outcome.RETRIED: MAX_ATTEMPTS - 1, Outcome.FAILED: 1})
    await bench.request()
    await bench.wait_for(job_id, lambda job: (job.state, job.attempts) == (WAITING, 1))


async def test_a_run_that_never_ends_fails(bench: Bench):
    job_id = await bench.request()
    gate = GatedHandler()
    await bench.start(gate, pace=Pace(poll=1_000, longest_run=0.05))

    job = await bench.wait_for(job_id, lambda job: job.attempts == 1)

    assert (job.error, gate.active) == ("it took too long", 0)


async def test_a_postponed_job_waits_with_its_note(bench: Bench):
    later = START + 100 * MICROSECONDS
    results = [Postponed("skipped_budget", later), Done()]
    job_id = await bench.request()

    async def handler(_job, _progress):
        return results.pop(0)

    runner = await bench.start(handler, pace=BUSY)
    job = await bench.wait_for(job_id, lambda job: job.note is not None)
    assert (job.state, job.note, job.run_at, job.attempts) == (WAITING, "skipped_budget", later, 0)

    bench.clock.pass_seconds(100)

    job = await bench.wait_until(job_id, DONE)
    assert job.note is None
    await wait_for(lambda: runner.outcomes == {Outcome.POSTPONED: 1, Outcome.DONE: 1})


async def test_progress_is_visible_during_and_after_the_run(bench: Bench):
    steps = asyncio.Queue[tuple[int, int] | None]()

    async def handler(_job, progress):
        while step := await steps.get():
            await progress(*step)
        return Done()

    job_id = await bench.request()
    await bench.start(handler, store=FailingStore(bench.store, report=1), pace=Pace(poll=1_000, report=0))
    for step in ((1, 9), (2, 9)):  # the first one fails, which is no reason to stop
        steps.put_nowait(step)
    job = await bench.wait_for(job_id, lambda job: job.done_count > 0)
    assert (job.state, job.done_count, job.total_count) == (RUNNING, 2, 9)
    steps.put_nowait((9, 9))
    steps.put_nowait(None)

    job = await bench.wait_until(job_id, DONE)
    assert (job.done_count, job.total_count) == (9, 9)


async def test_progress_is_written_only_now_and_then(bench: Bench, database: Database):
    async def handler(_job, progress):
        before = database.round_trips
        for number in range(1_000):
            await progress(number, 1_000)
        return Done({"round_trips": database.round_trips - before})

    job_id = await bench.request()
    await bench.start(handler)

    job = await bench.wait_until(job_id, DONE)
    assert job.detail is not None
    assert job.detail["round_trips"] <= 3
    assert (job.done_count, job.total_count) == (999, 1_000)
