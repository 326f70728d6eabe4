"""Jobs as the database keeps them: asked for with a write, claimed by one, never forgotten."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.db.database import Database
from mnemo_server.db.queries import load_queries, parse_queries
from mnemo_server.domain.ids import IdSource
from mnemo_server.domain.jobs import (
    DONE,
    FAILED,
    MAX_ATTEMPTS,
    RUNNING,
    WAITING,
    Again,
    JobLost,
    JobRequest,
    Postponed,
    after_error,
    handed_back,
)
from mnemo_server.stores.job_ports import JobCounts
from mnemo_server.stores.job_writing import JobWriter
from mnemo_server.stores.opening import Stores

from .jobs import KIND, LEASE, a_claim, ask, claim, finish, must_claim
from .making import TENANT

#: A moment at which every lease that began at 100 is over.
LATER = 100 + LEASE


@pytest.fixture
def writer(database: Database, ids: IdSource) -> JobWriter:
    return JobWriter(load_queries("jobs", database.variant), ids)


async def state_of(stores: Stores, job_id: int) -> str | None:
    job = await stores.jobs.find(TENANT, job_id)
    return job.state if job else None


async def test_a_request_in_a_transaction_that_fails_leaves_nothing(
    stores: Stores, database: Database, writer: JobWriter
):
    async def work(tx):
        await writer.request(tx, JobRequest(TENANT, KIND, "t", (1, 2)), 100)
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


async def test_only_one_of_many_claims_gets_a_job(stores: Stores):
    for number in range(5):
        await ask(stores, f"t{number}")

    claims = await asyncio.gather(*(claim(stores) for _ in range(12)))

    claimed = [job.id for job in claims if job is not None]
    assert len(claimed) == len(set(claimed)) == 5
    assert await claim(stores) is None


async def test_only_one_of_many_claims_takes_a_job_over(stores: Stores):
    await ask(stores)
    await must_claim(stores, now=100)

    claims = await asyncio.gather(*(claim(stores, now=LATER) for _ in range(12)))

    assert sum(job is not None for job in claims) == 1


async def test_a_lease_renewed_at_the_last_moment_is_not_taken_over(stores: Stores):
    await ask(stores)
    job = await must_claim(stores, now=100)
    row = {"id": job.id, "state": RUNNING, "owner": job.token, "attempts": 0}  # read while it was over
    await stores.jobs.renew(job, LATER + 1)
    params = {"tenant_id": TENANT, "token": "other", "now": LATER, "lease_until": 999, "lost_before": LATER}

    assert not await stores.jobs._swap(params, row)
    assert await stores.jobs._swap(params | {"lost_before": LATER + 1}, row)


async def test_only_kinds_with_a_handler_are_claimed(stores: Stores):
    await ask(stores)

    assert await stores.jobs.claim(TENANT, a_claim(100, kinds=("redact",))) is None
    assert await stores.jobs.list_due_tenants(("redact",), 100, 100) == {}
    assert await stores.jobs.claim(TENANT, a_claim(100, kinds=("redact", KIND))) is not None


async def test_what_has_been_due_longest_comes_first(stores: Stores):
    late = await ask(stores, "late", run_at=90)
    early = await ask(stores, "early", run_at=80)

    assert [(await must_claim(stores)).id for _ in range(2)] == [early, late]


async def test_tenants_with_something_due_are_told_with_the_time_since_when(stores: Stores):
    await ask(stores, tenant_id=1, run_at=70)
    await ask(stores, "u", tenant_id=1, run_at=60)
    await ask(stores, tenant_id=2, run_at=101)
    await ask(stores, tenant_id=3, run_at=50)
    await must_claim(stores, tenant_id=3, now=50)

    assert await stores.jobs.list_due_tenants((KIND,), 100, 100) == {1: 60}
    assert await stores.jobs.list_due_tenants((KIND,), 101, 110) == {1: 60, 2: 101, 3: 110}


async def test_a_job_left_behind_is_taken_over_after_its_lease(stores: Stores):
    await ask(stores, item_ids=(1,))
    lost = await must_claim(stores, now=100)
    assert await claim(stores, now=LATER - 1) is None

    job = await must_claim(stores, now=LATER)

    assert (job.id, job.attempts) == (lost.id, 1)
    assert job.token != lost.token
    assert await stores.jobs.list_items(job, 10) == [1]
    stored = await stores.jobs.find(TENANT, job.id)
    assert stored is not None
    assert stored.error == "the server that worked on it went away"


async def test_a_clock_that_is_ahead_by_the_grace_takes_nothing_over(stores: Stores):
    await ask(stores)
    await must_claim(stores, now=100)

    assert await stores.jobs.claim(TENANT, a_claim(LATER + 9, grace=10)) is None
    assert await stores.jobs.claim(TENANT, a_claim(LATER + 10, grace=10)) is not None


async def test_a_renewed_lease_keeps_the_job(stores: Stores):
    await ask(stores)
    job = await must_claim(stores, now=100)

    assert await stores.jobs.renew(job, LATER + 50)
    assert await claim(stores, now=LATER + 49) is None
    assert await stores.jobs.report(job, (3, 7), now=LATER, lease_until=LATER + 90)
    assert await claim(stores, now=LATER + 89) is None

    stored = await stores.jobs.find(TENANT, job.id)
    assert stored is not None
    assert (stored.state, stored.done_count, stored.total_count) == (RUNNING, 3, 7)
    assert stored.updated_at == LATER


async def test_whoever_lost_the_job_changes_nothing_any_more(
    stores: Stores, database: Database, writer: JobWriter
):
    await ask(stores, item_ids=(1, 2))
    lost = await must_claim(stores, now=100)
    job = await must_claim(stores, now=LATER)

    assert not await stores.jobs.renew(lost, LATER + 500)
    assert not await stores.jobs.report(lost, (1, 2), now=LATER, lease_until=LATER + 500)
    assert await finish(stores, lost, now=LATER) is None
    with pytest.raises(JobLost):
        await database.transact(lambda tx: writer.take_out(tx, lost, [1, 2], LATER))

    assert await stores.jobs.list_items(job, 10) == [1, 2]
    stored = await stores.jobs.find(TENANT, job.id)
    assert stored is not None
    assert (stored.state, stored.done_count) == (RUNNING, 0)
    assert await claim(stores, now=LATER + LEASE - 1) is None


async def test_a_job_that_was_let_go_is_not_held_any_more(stores: Stores):
    await ask(stores)
    job = await must_claim(stores)
    await finish(stores, job)
    await ask(stores)

    assert await finish(stores, job) is None
    assert not await stores.jobs.renew(job, 500)


async def test_items_leave_with_what_came_of_them_or_not_at_all(
    stores: Stores, database: Database, writer: JobWriter
):
    await ask(stores, item_ids=(1, 2, 3))
    job = await must_claim(stores)

    async def work(tx):
        await writer.take_out(tx, job, [1, 2, 3], 100)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.transact(work)
    assert await stores.jobs.list_items(job, 10) == [1, 2, 3]

    await database.transact(lambda tx: writer.take_out(tx, job, [1, 3], 100))
    assert await stores.jobs.list_items(job, 10) == [2]
    await database.transact(lambda tx: writer.take_out(tx, job, [], 100))
    assert await stores.jobs.list_items(job, 10) == [2]


async def test_a_job_with_items_left_is_not_done(stores: Stores, database: Database, writer: JobWriter):
    job_id = await ask(stores, item_ids=(1, 2))
    job = await must_claim(stores)
    await database.transact(lambda tx: writer.take_out(tx, job, [1], 100))

    await finish(stores, job, now=110)

    assert await state_of(stores, job_id) == WAITING
    job = await must_claim(stores, now=110)
    assert await stores.jobs.list_items(job, 10) == [2]
    await database.transact(lambda tx: writer.take_out(tx, job, [2], 110))
    await finish(stores, job, now=120)
    assert await state_of(stores, job_id) == DONE


async def test_an_item_asked_for_again_while_it_is_dealt_with_stays_for_the_next_run(
    stores: Stores, database: Database, writer: JobWriter
):
    """The run may have read what the item was before."""
    await ask(stores, item_ids=(1, 2))
    job = await must_claim(stores)
    await ask(stores, item_ids=(2, 3), now=110)

    assert await stores.jobs.list_items(job, 10) == [1]
    await database.transact(lambda tx: writer.take_out(tx, job, [1, 2, 3], 110))
    await finish(stores, job, now=120)

    again = await must_claim(stores, now=120)
    assert await stores.jobs.list_items(again, 10) == [2, 3]


async def test_requests_and_runs_at_once_lose_no_wake_up(
    stores: Stores, database: Database, writer: JobWriter
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
            await database.transact(lambda tx, job=job, items=items: writer.take_out(tx, job, items, 100))
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
    stores: Stores, database: Database, writer: JobWriter
):
    """Whoever takes it over waits for the commit, and finds the item gone."""
    if database.engine == "sqlite":
        pytest.skip("transactions of SQLite follow one another")
    await ask(stores, item_ids=(1, 2))
    slow = await must_claim(stores, now=100)
    holding, going_on = asyncio.Event(), asyncio.Event()

    async def work(tx):
        await writer.take_out(tx, slow, [1], 100)
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


async def test_an_error_waits_and_keeps_its_sentence(stores: Stores):
    job_id = await ask(stores)
    job = await must_claim(stores)

    after = await stores.jobs.release(job, lambda held: after_error("it rained", job, held, 100, 0), 100)

    assert after is not None
    assert await claim(stores, now=after.run_at - 1) is None
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert (stored.state, stored.attempts, stored.error) == (WAITING, 1, "it rained")
    await ask(stores, now=200)
    assert await claim(stores, now=after.run_at - 1) is None  # a request doesn't end the pause
    again = await must_claim(stores, now=after.run_at)
    assert again.attempts == 1
    await finish(stores, again, now=after.run_at)
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


async def test_a_job_that_failed_too_often_is_given_up_until_it_is_asked_for_again(stores: Stores):
    job_id = await ask(stores, item_ids=(1,))
    now = await fail_until_given_up(stores)

    assert await claim(stores, now=10 * now) is None
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert (stored.state, stored.attempts, stored.error) == (FAILED, MAX_ATTEMPTS, "it rained")

    await ask(stores, now=now, item_ids=(2,))
    job = await must_claim(stores, now=now)
    assert (job.id, job.attempts) == (job_id, 0)
    assert await stores.jobs.list_items(job, 10) == [1, 2]


async def test_a_job_that_keeps_killing_its_server_is_given_up(stores: Stores):
    job_id = await ask(stores)
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
    job_id = await ask(stores)
    await finish(stores, await must_claim(stores), Postponed("skipped_budget", 500), now=110)
    await ask(stores, now=120)

    assert await claim(stores, now=499) is None
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert (stored.state, stored.note, stored.run_at) == (WAITING, "skipped_budget", 500)
    job = await must_claim(stores, now=500)
    assert job.requests == 2
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert stored.note is None


async def test_a_job_handed_back_may_be_claimed_at_once(stores: Stores):
    await ask(stores)
    job = await must_claim(stores)

    await stores.jobs.release(job, lambda held: handed_back(held, 110), 110)

    assert (await must_claim(stores, now=110)).attempts == 0


async def test_what_came_of_a_job_is_kept_unless_it_was_asked_for_otherwise_meanwhile(stores: Stores):
    job_id = await ask(stores, detail={"asked": 1})
    await finish(stores, await must_claim(stores), Again({"at": 5}), progress=(5, 9))
    job = await must_claim(stores)
    assert job.detail == {"at": 5}
    stored = await stores.jobs.find(TENANT, job_id)
    assert stored is not None
    assert (stored.done_count, stored.total_count) == (5, 9)
    await ask(stores, detail={"asked": 2})

    await finish(stores, job, Again({"at": 9}))

    assert (await must_claim(stores)).detail == {"asked": 2}


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


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("list_due_tenants", "jobs_by_due"),
        ("list_claimable", "jobs_by_turn"),
        ("count_jobs", "jobs_by_due"),
        ("find_old_jobs", "jobs_by_due"),
    ],
)
async def test_looking_for_work_reads_an_index(stores: Stores, database: Database, name: str, index: str):
    for number in range(20):
        await ask(stores, f"t{number}")
    query = getattr(load_queries("jobs", database.variant), name)
    values = {"tenant_id": 1, "now": 50, "lost_before": 50, "limit": 8, "before": 5}
    text = query.text.replace(":kinds...", "'enrich', 'redact'")
    for parameter, value in values.items():
        text = text.replace(f"%({parameter})s", str(value)).replace(f":{parameter}", str(value))
    prefix = "EXPLAIN QUERY PLAN" if database.engine == "sqlite" else "EXPLAIN"
    explain = parse_queries(f"-- name: explain\n{prefix} {text};", database.variant, origin="here").explain

    plan = str([list(row.values()) for row in await database.fetch_all(explain, {})])

    assert index in plan
    assert "SCAN jobs" not in plan
    assert "TableFullScan" not in plan


async def test_jobs_done_long_ago_are_removed(stores: Stores, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mnemo_server.stores.jobs._REMOVED_AT_ONCE", 2)
    for target, tenant_id in (("a", 1), ("b", 1), ("c", 2), ("d", 2), ("e", 2)):
        await ask(stores, target, tenant_id=tenant_id)
        job = await must_claim(stores, tenant_id=tenant_id)
        await finish(stores, job, now=300 if target == "e" else 200)
    waiting = await ask(stores, "waits")

    assert await stores.jobs.remove_done(250) == 4

    assert [job.id for job in await stores.jobs.list_latest(1, None, 10)] == [waiting]
    assert [job.target for job in await stores.jobs.list_latest(2, None, 10)] == ["e"]
