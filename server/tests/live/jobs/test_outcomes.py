"""The state of a job when its claim ends."""

from __future__ import annotations

from mnemo_server.domain.jobs import (
    DONE,
    FAILED,
    MAX_ATTEMPTS,
    WAITING,
    Again,
    Postponed,
    after_error,
    handed_back,
)
from mnemo_server.stores.opening import Stores

from server.tests.live.factories import TENANT
from server.tests.live.jobs.support import LEASE, claim, finish, must_claim, request_job


async def test_a_failed_job_waits_and_keeps_its_error(stores: Stores):
    job_id = await request_job(stores)
    job = await must_claim(stores)

    after = await stores.jobs.release(job, lambda held: after_error("it rained", job, held, 100, 0), 100)

    assert after is not None
    assert await claim(stores, now=after.run_at - 1) is None
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert (stored.state, stored.attempts, stored.error) == (WAITING, 1, "it rained")
    await request_job(stores, now=200)
    assert await claim(stores, now=after.run_at - 1) is None  # a request doesn't end the pause
    next_run = await must_claim(stores, now=after.run_at)
    assert next_run.attempts == 1
    await finish(stores, next_run, now=after.run_at)
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert (stored.state, stored.attempts, stored.error) == (DONE, 0, None)


async def fail_until_given_up(stores: Stores) -> int:
    now = 100
    for _ in range(MAX_ATTEMPTS):
        job = await must_claim(stores, now=now)
        after = await stores.jobs.release(
            job, lambda held, job=job, now=now: after_error("it rained", job, held, now, 1), now
        )
        assert after is not None
        now = after.run_at
    return now


async def test_a_job_that_failed_too_often_is_given_up_until_it_is_requested_again(stores: Stores):
    job_id = await request_job(stores, item_ids=(1,))
    now = await fail_until_given_up(stores)

    assert await claim(stores, now=10 * now) is None
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert (stored.state, stored.attempts, stored.error) == (FAILED, MAX_ATTEMPTS, "it rained")

    await request_job(stores, now=now, item_ids=(2,))
    job = await must_claim(stores, now=now)
    assert (job.id, job.attempts) == (job_id, 0)
    assert await stores.jobs.list_items(job, 10) == [1, 2]


async def test_a_job_that_keeps_killing_its_server_is_given_up(stores: Stores):
    job_id = await request_job(stores)
    now = 100
    for attempts in range(MAX_ATTEMPTS):
        job = await must_claim(stores, now=now)
        assert job.attempts == attempts
        now += LEASE

    assert await claim(stores, now=now) is None
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert (stored.state, stored.attempts) == (FAILED, MAX_ATTEMPTS)


async def test_a_postponed_job_waits_with_its_note(stores: Stores):
    job_id = await request_job(stores)
    await finish(stores, await must_claim(stores), Postponed("skipped_budget", 500), now=110)
    await request_job(stores, now=120)

    assert await claim(stores, now=499) is None
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert (stored.state, stored.note, stored.run_at) == (WAITING, "skipped_budget", 500)
    job = await must_claim(stores, now=500)
    assert job.requests == 2
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert stored.note is None


async def test_a_job_that_is_handed_back_can_be_claimed_at_once(stores: Stores):
    await request_job(stores)
    job = await must_claim(stores)

    await stores.jobs.release(job, lambda held: handed_back(held, 110), 110)

    assert (await must_claim(stores, now=110)).attempts == 0


async def test_the_detail_of_a_result_is_kept_unless_a_new_request_replaced_it(stores: Stores):
    job_id = await request_job(stores, detail={"asked": 1})
    await finish(stores, await must_claim(stores), Again({"at": 5}), progress=(5, 9))
    job = await must_claim(stores)
    assert job.detail == {"at": 5}
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert (stored.done_count, stored.total_count) == (5, 9)
    await request_job(stores, detail={"asked": 2})

    await finish(stores, job, Again({"at": 9}))

    assert (await must_claim(stores)).detail == {"asked": 2}
