"""The items of a job are removed together with writing their results: once, and never unprocessed."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.db.database import Database
from mnemo_server.domain.jobs import (
    DONE,
    WAITING,
)
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.opening import Stores

from server.tests.live.factories import TENANT
from server.tests.live.jobs.support import KIND, LATER, claim, finish, must_claim, request_job, state_of


async def test_items_are_removed_together_with_their_results_or_not_at_all(
    stores: Stores, database: Database, job_writer: JobWriter
):
    await request_job(stores, item_ids=(1, 2, 3))
    job = await must_claim(stores)

    async def work(tx):
        await job_writer.take_out(tx, job, [1, 2, 3], 100)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.transact(work)
    assert await stores.jobs.list_items(job, 10) == [1, 2, 3]

    await database.transact(lambda tx: job_writer.take_out(tx, job, [1, 3], 100))
    assert await stores.jobs.list_items(job, 10) == [2]
    await database.transact(lambda tx: job_writer.take_out(tx, job, [], 100))
    assert await stores.jobs.list_items(job, 10) == [2]


async def test_a_job_with_remaining_items_is_not_done(
    stores: Stores, database: Database, job_writer: JobWriter
):
    job_id = await request_job(stores, item_ids=(1, 2))
    job = await must_claim(stores)
    await database.transact(lambda tx: job_writer.take_out(tx, job, [1], 100))

    await finish(stores, job, now=110)

    assert await state_of(stores, job_id) == WAITING
    job = await must_claim(stores, now=110)
    assert await stores.jobs.list_items(job, 10) == [2]
    await database.transact(lambda tx: job_writer.take_out(tx, job, [2], 110))
    await finish(stores, job, now=120)
    assert await state_of(stores, job_id) == DONE


async def test_an_item_requested_again_during_a_run_stays_for_the_next_run(
    stores: Stores, database: Database, job_writer: JobWriter
):
    """The run may have read an older state of the item."""
    await request_job(stores, item_ids=(1, 2))
    job = await must_claim(stores)
    await request_job(stores, item_ids=(2, 3), now=110)

    assert await stores.jobs.list_items(job, 10) == [1]
    await database.transact(lambda tx: job_writer.take_out(tx, job, [1, 2, 3], 110))
    await finish(stores, job, now=120)

    next_run = await must_claim(stores, now=120)
    assert await stores.jobs.list_items(next_run, 10) == [2, 3]


async def test_concurrent_requests_and_runs_lose_no_item(
    stores: Stores, database: Database, job_writer: JobWriter
):
    """Every item added while jobs are claimed, processed and finished is processed by exactly one run."""
    processed: list[int] = []
    is_over = asyncio.Event()

    async def put(first: int) -> None:
        for item_id in range(first, first + 10):
            await request_job(stores, item_ids=(item_id,))

    async def run() -> None:
        while not is_over.is_set() or await stores.jobs.list_due_tenants((KIND,), 100, 0):
            job = await claim(stores)
            if job is None:
                await asyncio.sleep(0)
                continue
            items = await stores.jobs.list_items(job, 3)
            await database.transact(lambda tx, job=job, items=items: job_writer.take_out(tx, job, items, 100))
            processed.extend(items)
            assert await finish(stores, job) is not None

    runs = [asyncio.create_task(run()) for _ in range(2)]
    await asyncio.gather(*(put(first) for first in (1, 11, 21)))
    is_over.set()
    await asyncio.gather(*runs)

    assert sorted(processed) == list(range(1, 31))
    (job,) = await stores.jobs.list_latest(TENANT, None, 10)
    assert job.state == DONE


async def test_a_takeover_waits_for_a_transaction_that_removes_items(
    stores: Stores, database: Database, job_writer: JobWriter
):
    """The claim that takes it over waits for the commit, and finds the item removed."""
    if database.engine == "sqlite":
        pytest.skip("transactions of SQLite follow one another")
    await request_job(stores, item_ids=(1, 2))
    slow = await must_claim(stores, now=100)
    has_lock, may_continue = asyncio.Event(), asyncio.Event()

    async def work(tx):
        await job_writer.take_out(tx, slow, [1], 100)
        has_lock.set()
        await may_continue.wait()

    async def take_over() -> list[int]:
        await has_lock.wait()
        job = await must_claim(stores, now=LATER)
        return await stores.jobs.list_items(job, 10)

    removal = asyncio.create_task(database.transact(work))
    takeover = asyncio.create_task(take_over())
    await asyncio.wait({takeover}, timeout=0.5)
    may_continue.set()
    await removal

    assert await takeover == [2]
