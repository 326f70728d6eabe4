"""The items of a job leave it together with their results: once, and never unprocessed."""

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

from server.tests.live.jobs.support import KIND, LATER, ask, claim, finish, must_claim, state_of
from server.tests.live.making import TENANT


async def test_items_leave_with_what_came_of_them_or_not_at_all(
    stores: Stores, database: Database, job_writer: JobWriter
):
    await ask(stores, item_ids=(1, 2, 3))
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


async def test_a_job_with_items_left_is_not_done(stores: Stores, database: Database, job_writer: JobWriter):
    job_id = await ask(stores, item_ids=(1, 2))
    job = await must_claim(stores)
    await database.transact(lambda tx: job_writer.take_out(tx, job, [1], 100))

    await finish(stores, job, now=110)

    assert await state_of(stores, job_id) == WAITING
    job = await must_claim(stores, now=110)
    assert await stores.jobs.list_items(job, 10) == [2]
    await database.transact(lambda tx: job_writer.take_out(tx, job, [2], 110))
    await finish(stores, job, now=120)
    assert await state_of(stores, job_id) == DONE


async def test_an_item_asked_for_again_while_it_is_dealt_with_stays_for_the_next_run(
    stores: Stores, database: Database, job_writer: JobWriter
):
    """The run may have read what the item was before."""
    await ask(stores, item_ids=(1, 2))
    job = await must_claim(stores)
    await ask(stores, item_ids=(2, 3), now=110)

    assert await stores.jobs.list_items(job, 10) == [1]
    await database.transact(lambda tx: job_writer.take_out(tx, job, [1, 2, 3], 110))
    await finish(stores, job, now=120)

    again = await must_claim(stores, now=120)
    assert await stores.jobs.list_items(again, 10) == [2, 3]


async def test_requests_and_runs_at_once_lose_no_wake_up(
    stores: Stores, database: Database, job_writer: JobWriter
):
    """Every item put while jobs are claimed, emptied and finished is dealt with, by exactly one run."""
    dealt_with: list[int] = []
    is_over = asyncio.Event()

    async def put(first: int) -> None:
        for item_id in range(first, first + 10):
            await ask(stores, item_ids=(item_id,))

    async def run() -> None:
        while not is_over.is_set() or await stores.jobs.list_due_tenants((KIND,), 100, 0):
            job = await claim(stores)
            if job is None:
                await asyncio.sleep(0)
                continue
            items = await stores.jobs.list_items(job, 3)
            await database.transact(lambda tx, job=job, items=items: job_writer.take_out(tx, job, items, 100))
            dealt_with.extend(items)
            assert await finish(stores, job) is not None

    runs = [asyncio.create_task(run()) for _ in range(2)]
    await asyncio.gather(*(put(first) for first in (1, 11, 21)))
    is_over.set()
    await asyncio.gather(*runs)

    assert sorted(dealt_with) == list(range(1, 31))
    (job,) = await stores.jobs.list_latest(TENANT, None, 10)
    assert job.state == DONE


async def test_a_job_is_not_taken_over_in_the_middle_of_a_transaction_that_takes_items_out(
    stores: Stores, database: Database, job_writer: JobWriter
):
    """Whoever takes it over waits for the commit, and finds the item gone."""
    if database.engine == "sqlite":
        pytest.skip("transactions of SQLite follow one another")
    await ask(stores, item_ids=(1, 2))
    slow = await must_claim(stores, now=100)
    holding, going_on = asyncio.Event(), asyncio.Event()

    async def work(tx):
        await job_writer.take_out(tx, slow, [1], 100)
        holding.set()
        await going_on.wait()

    async def take_over() -> list[int]:
        await holding.wait()
        job = await must_claim(stores, now=LATER)
        return await stores.jobs.list_items(job, 10)

    taking_out = asyncio.create_task(database.transact(work))
    taking_over = asyncio.create_task(take_over())
    await asyncio.wait({taking_over}, timeout=0.5)
    going_on.set()
    await taking_out

    assert await taking_over == [2]
