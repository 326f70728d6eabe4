"""Jobs in the database: requested in a transaction, read, counted, deleted."""

from __future__ import annotations

import pytest
from mnemo_server.db.database import Database
from mnemo_server.domain.jobs import (
    DONE,
    FAILED,
    WAITING,
    JobRequest,
)
from mnemo_server.stores.jobs.records import JobCounts
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.opening import Stores

from server.tests.live.factories import TENANT
from server.tests.live.jobs.support import KIND, claim, finish, must_claim, request_job, state_of


async def test_a_request_in_a_failed_transaction_leaves_nothing(
    stores: Stores, database: Database, job_writer: JobWriter
):
    async def work(tx):
        await job_writer.request(tx, JobRequest(TENANT, KIND, "t", (1, 2)), 100)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.transact(work)

    assert await stores.jobs.list_latest(TENANT, None, 10) == []
    job_id = await request_job(stores)
    assert await finish(stores, await must_claim(stores)) is not None
    assert await state_of(stores, job_id) == DONE  # a remaining item would make it wait


async def test_a_job_is_read_as_it_was_requested(stores: Stores):
    job_id = await request_job(stores, "memory:1", now=100, run_at=130, detail={"why": "ü"})

    job = await stores.jobs.find(TENANT, job_id)

    assert job is not None
    assert (job.kind, job.target, job.state, job.attempts) == (KIND, "memory:1", WAITING, 0)
    assert (job.run_at, job.created_at, job.updated_at) == (130, 100, 100)
    assert (job.done_count, job.total_count, job.note, job.error) == (0, 0, None, None)
    assert job.detail == {"why": "ü"}
    assert await stores.jobs.find(2, job_id) is None


async def test_requesting_again_returns_the_same_job(stores: Stores):
    first = await request_job(stores, item_ids=(1, 2), run_at=150, detail={"a": 1})
    second = await request_job(stores, item_ids=(2, 3), run_at=120)
    other = await request_job(stores, "u")

    assert first == second != other
    job = await must_claim(stores, now=150)
    assert (job.id, job.detail) == (other, {})
    job = await must_claim(stores, now=150)
    assert (job.id, job.requests, job.detail) == (first, 2, {"a": 1})
    assert await stores.jobs.list_items(job, 10) == [1, 2, 3]
    assert await stores.jobs.list_items(job, 2) == [1, 2]
    assert await stores.jobs.count_items(job) == 3


@pytest.mark.parametrize(("first", "second", "due"), [(150, 120, 120), (120, 150, 120)])
async def test_a_waiting_job_runs_at_the_earlier_time(stores: Stores, first: int, second: int, due: int):
    await request_job(stores, run_at=first)
    await request_job(stores, run_at=second)

    assert await claim(stores, now=due - 1) is None
    assert await claim(stores, now=due) is not None


async def test_a_job_requested_while_it_runs_runs_once_more(stores: Stores):
    job_id = await request_job(stores)
    job = await must_claim(stores)
    await request_job(stores, now=110)
    assert await claim(stores, now=120) is None

    assert await finish(stores, job, now=130) is not None

    assert await state_of(stores, job_id) == WAITING
    next_run = await must_claim(stores, now=130)
    assert (next_run.id, next_run.requests) == (job_id, 2)
    await finish(stores, next_run, now=140)
    assert await state_of(stores, job_id) == DONE
    assert await claim(stores, now=200) is None


async def test_a_request_during_a_run_keeps_its_own_time(stores: Stores):
    await request_job(stores)
    job = await must_claim(stores)
    await request_job(stores, now=110, run_at=170)
    await request_job(stores, now=110, run_at=160)
    await request_job(stores, now=110, run_at=180)

    await finish(stores, job, now=120)

    assert await claim(stores, now=159) is None
    assert await claim(stores, now=160) is not None


async def test_a_request_makes_a_done_job_wait_again(stores: Stores):
    job_id = await request_job(stores, detail={"a": 1})
    await finish(stores, await must_claim(stores), now=110, progress=(5, 5))
    assert await request_job(stores, now=120) == job_id

    job = await stores.jobs.find(TENANT, job_id)
    assert job is not None
    assert (job.state, job.run_at, job.done_count, job.total_count) == (WAITING, 120, 0, 0)
    assert (await must_claim(stores, now=120)).detail == {"a": 1}


async def test_jobs_are_listed_by_their_latest_change(stores: Stores):
    one, two, three = [
        await request_job(stores, target, now=now) for target, now in zip("abc", (1, 2, 3), strict=True)
    ]
    await request_job(stores, tenant_id=2)
    job = await must_claim(stores, now=5)
    assert job.id == one

    async def listed(state: str | None, limit: int = 10) -> list[int]:
        return [job.id for job in await stores.jobs.list_latest(TENANT, state, limit)]

    assert await listed(None) == [one, three, two]
    assert await listed(None, 2) == [one, three]
    assert await listed(WAITING) == [three, two]
    assert await listed(FAILED) == []


async def test_counts_include_all_tenants(stores: Stores):
    assert await stores.jobs.count() == JobCounts()
    await request_job(stores, "a", tenant_id=1, run_at=70)
    await request_job(stores, "b", tenant_id=2, run_at=60)
    await request_job(stores, "c", tenant_id=3, run_at=50)
    await must_claim(stores, tenant_id=3)
    await request_job(stores, "d", tenant_id=4)
    await finish(stores, await must_claim(stores, tenant_id=4))

    assert await stores.jobs.count() == JobCounts(waiting=2, running=1, failed=0, oldest_run_at=60)


async def test_old_done_jobs_are_removed(stores: Stores, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mnemo_server.stores.jobs.store._REMOVED_AT_ONCE", 2)
    for target, tenant_id in (("a", 1), ("b", 1), ("c", 2), ("d", 2), ("e", 2)):
        await request_job(stores, target, tenant_id=tenant_id)
        job = await must_claim(stores, tenant_id=tenant_id)
        await finish(stores, job, now=300 if target == "e" else 200)
    waiting = await request_job(stores, "waits")

    assert await stores.jobs.remove_done(250) == 4

    assert [job.id for job in await stores.jobs.list_latest(1, None, 10)] == [waiting]
    assert [job.target for job in await stores.jobs.list_latest(2, None, 10)] == ["e"]
