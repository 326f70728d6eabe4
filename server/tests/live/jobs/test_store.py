"""Jobs in the database: requested with a write, read, counted, deleted."""

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

from server.tests.live.jobs.support import KIND, ask, claim, finish, must_claim, state_of
from server.tests.live.making import TENANT


async def test_a_request_in_a_transaction_that_fails_leaves_nothing(
    stores: Stores, database: Database, job_writer: JobWriter
):
    async def work(tx):
        await job_writer.request(tx, JobRequest(TENANT, KIND, "t", (1, 2)), 100)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.transact(work)

    assert await stores.jobs.list_latest(TENANT, None, 10) == []
    job_id = await ask(stores)
    assert await finish(stores, await must_claim(stores)) is not None
    assert await state_of(stores, job_id) == DONE  # an item left behind would make it wait


async def test_a_job_is_read_as_it_was_asked_for(stores: Stores):
    job_id = await ask(stores, "memory:1", now=100, run_at=130, detail={"why": "ü"})

    job = await stores.jobs.find(TENANT, job_id)

    assert job is not None
    assert (job.kind, job.target, job.state, job.attempts) == (KIND, "memory:1", WAITING, 0)
    assert (job.run_at, job.created_at, job.updated_at) == (130, 100, 100)
    assert (job.done_count, job.total_count, job.note, job.error) == (0, 0, None, None)
    assert job.detail == {"why": "ü"}
    assert await stores.jobs.find(2, job_id) is None


async def test_asking_again_is_the_same_job(stores: Stores):
    first = await ask(stores, item_ids=(1, 2), run_at=150, detail={"a": 1})
    second = await ask(stores, item_ids=(2, 3), run_at=120)
    other = await ask(stores, "u")

    assert first == second != other
    job = await must_claim(stores, now=150)
    assert (job.id, job.detail) == (other, {})
    job = await must_claim(stores, now=150)
    assert (job.id, job.requests, job.detail) == (first, 2, {"a": 1})
    assert await stores.jobs.list_items(job, 10) == [1, 2, 3]
    assert await stores.jobs.list_items(job, 2) == [1, 2]
    assert await stores.jobs.count_items(job) == 3


@pytest.mark.parametrize(("first", "second", "due"), [(150, 120, 120), (120, 150, 120)])
async def test_a_job_that_waits_runs_at_the_earlier_time(stores: Stores, first: int, second: int, due: int):
    await ask(stores, run_at=first)
    await ask(stores, run_at=second)

    assert await claim(stores, now=due - 1) is None
    assert await claim(stores, now=due) is not None


async def test_a_request_while_it_runs_makes_it_run_once_more(stores: Stores):
    job_id = await ask(stores)
    job = await must_claim(stores)
    await ask(stores, now=110)
    assert await claim(stores, now=120) is None

    assert await finish(stores, job, now=130) is not None

    assert await state_of(stores, job_id) == WAITING
    again = await must_claim(stores, now=130)
    assert (again.id, again.requests) == (job_id, 2)
    await finish(stores, again, now=140)
    assert await state_of(stores, job_id) == DONE
    assert await claim(stores, now=200) is None


async def test_a_request_while_it_runs_keeps_its_own_time(stores: Stores):
    await ask(stores)
    job = await must_claim(stores)
    await ask(stores, now=110, run_at=170)
    await ask(stores, now=110, run_at=160)
    await ask(stores, now=110, run_at=180)

    await finish(stores, job, now=120)

    assert await claim(stores, now=159) is None
    assert await claim(stores, now=160) is not None


async def test_a_request_wakes_a_job_that_is_done(stores: Stores):
    job_id = await ask(stores, detail={"a": 1})
    await finish(stores, await must_claim(stores), now=110, progress=(5, 5))
    assert await ask(stores, now=120) == job_id

    job = await stores.jobs.find(TENANT, job_id)
    assert job is not None
    assert (job.state, job.run_at, job.done_count, job.total_count) == (WAITING, 120, 0, 0)
    assert (await must_claim(stores, now=120)).detail == {"a": 1}


async def test_jobs_are_listed_latest_change_first(stores: Stores):
    one, two, three = [
        await ask(stores, target, now=now) for target, now in zip("abc", (1, 2, 3), strict=True)
    ]
    await ask(stores, tenant_id=2)
    job = await must_claim(stores, now=5)
    assert job.id == one

    async def listed(state: str | None, limit: int = 10) -> list[int]:
        return [job.id for job in await stores.jobs.list_latest(TENANT, state, limit)]

    assert await listed(None) == [one, three, two]
    assert await listed(None, 2) == [one, three]
    assert await listed(WAITING) == [three, two]
    assert await listed(FAILED) == []


async def test_counts_are_of_all_tenants(stores: Stores):
    assert await stores.jobs.count() == JobCounts()
    await ask(stores, "a", tenant_id=1, run_at=70)
    await ask(stores, "b", tenant_id=2, run_at=60)
    await ask(stores, "c", tenant_id=3, run_at=50)
    await must_claim(stores, tenant_id=3)
    await ask(stores, "d", tenant_id=4)
    await finish(stores, await must_claim(stores, tenant_id=4))

    assert await stores.jobs.count() == JobCounts(waiting=2, running=1, failed=0, oldest_run_at=60)


async def test_jobs_done_long_ago_are_removed(stores: Stores, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mnemo_server.stores.jobs.store._REMOVED_AT_ONCE", 2)
    for target, tenant_id in (("a", 1), ("b", 1), ("c", 2), ("d", 2), ("e", 2)):
        await ask(stores, target, tenant_id=tenant_id)
        job = await must_claim(stores, tenant_id=tenant_id)
        await finish(stores, job, now=300 if target == "e" else 200)
    waiting = await ask(stores, "waits")

    assert await stores.jobs.remove_done(250) == 4

    assert [job.id for job in await stores.jobs.list_latest(1, None, 10)] == [waiting]
    assert [job.target for job in await stores.jobs.list_latest(2, None, 10)] == ["e"]
