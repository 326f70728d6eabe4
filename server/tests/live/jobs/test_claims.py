"""A job belongs to one claim at a time, and to the next one after its lease has expired."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.db.database import Database
from mnemo_server.db.queries import load_queries, parse_queries
from mnemo_server.domain.jobs import (
    RUNNING,
    JobLost,
)
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.opening import Stores

from server.tests.live.factories import TENANT
from server.tests.live.jobs.support import (
    KIND,
    LATER,
    LEASE,
    claim,
    finish,
    make_claim,
    must_claim,
    request_job,
)


async def test_only_one_of_several_claims_gets_a_job(stores: Stores):
    for number in range(5):
        await request_job(stores, f"t{number}")

    claims = await asyncio.gather(*(claim(stores) for _ in range(12)))

    claimed = [job.id for job in claims if job is not None]
    assert len(claimed) == len(set(claimed)) == 5
    assert await claim(stores) is None


async def test_only_one_of_several_claims_takes_over_a_job(stores: Stores):
    await request_job(stores)
    await must_claim(stores, now=100)

    claims = await asyncio.gather(*(claim(stores, now=LATER) for _ in range(12)))

    assert sum(job is not None for job in claims) == 1


async def test_a_lease_renewed_at_the_last_moment_is_not_taken_over(stores: Stores):
    await request_job(stores)
    job = await must_claim(stores, now=100)
    row = {
        "id": job.id,
        "state": RUNNING,
        "owner": job.token,
        "attempts": 0,
    }  # read while the lease had expired
    await stores.jobs.renew(job, LATER + 1)
    params = {"tenant_id": TENANT, "token": "other", "now": LATER, "lease_until": 999, "lost_before": LATER}

    assert not await stores.jobs._swap(params, row)
    assert await stores.jobs._swap(params | {"lost_before": LATER + 1}, row)


async def test_only_kinds_with_a_handler_are_claimed(stores: Stores):
    await request_job(stores)

    assert await stores.jobs.claim(TENANT, make_claim(100, kinds=("redact",))) is None
    assert await stores.jobs.list_due_tenants(("redact",), 100, 100) == {}
    assert await stores.jobs.claim(TENANT, make_claim(100, kinds=("redact", KIND))) is not None


async def test_the_job_that_is_due_longest_is_claimed_first(stores: Stores):
    late = await request_job(stores, "late", run_at=90)
    early = await request_job(stores, "early", run_at=80)

    assert [(await must_claim(stores)).id for _ in range(2)] == [early, late]


async def test_due_tenants_are_listed_with_the_time_since_when(stores: Stores):
    await request_job(stores, tenant_id=1, run_at=70)
    await request_job(stores, "u", tenant_id=1, run_at=60)
    await request_job(stores, tenant_id=2, run_at=101)
    await request_job(stores, tenant_id=3, run_at=50)
    await must_claim(stores, tenant_id=3, now=50)

    assert await stores.jobs.list_due_tenants((KIND,), 100, 100) == {1: 60}
    assert await stores.jobs.list_due_tenants((KIND,), 101, 110) == {1: 60, 2: 101, 3: 110}


async def test_an_abandoned_job_is_taken_over_after_its_lease(stores: Stores):
    await request_job(stores, item_ids=(1,))
    lost = await must_claim(stores, now=100)
    assert await claim(stores, now=LATER - 1) is None

    job = await must_claim(stores, now=LATER)

    assert (job.id, job.attempts) == (lost.id, 1)
    assert job.token != lost.token
    assert await stores.jobs.list_items(job, 10) == [1]
    stored = await stores.jobs.find(TENANT, job.id)
    assert stored is not None
    assert stored.error == "the server that worked on it went away"


async def test_a_clock_that_is_ahead_by_less_than_the_grace_takes_nothing_over(stores: Stores):
    await request_job(stores)
    await must_claim(stores, now=100)

    assert await stores.jobs.claim(TENANT, make_claim(LATER + 9, grace=10)) is None
    assert await stores.jobs.claim(TENANT, make_claim(LATER + 10, grace=10)) is not None


async def test_a_renewed_lease_keeps_the_job(stores: Stores):
    await request_job(stores)
    job = await must_claim(stores, now=100)

    assert await stores.jobs.renew(job, LATER + 50)
    assert await claim(stores, now=LATER + 49) is None
    assert await stores.jobs.report(job, (3, 7), now=LATER, lease_until=LATER + 90)
    assert await claim(stores, now=LATER + 89) is None

    stored = await stores.jobs.find(TENANT, job.id)
    assert stored is not None
    assert (stored.state, stored.done_count, stored.total_count) == (RUNNING, 3, 7)
    assert stored.updated_at == LATER


async def test_a_lost_claim_changes_nothing(stores: Stores, database: Database, job_writer: JobWriter):
    await request_job(stores, item_ids=(1, 2))
    lost = await must_claim(stores, now=100)
    job = await must_claim(stores, now=LATER)

    assert not await stores.jobs.renew(lost, LATER + 500)
    assert not await stores.jobs.report(lost, (1, 2), now=LATER, lease_until=LATER + 500)
    assert await finish(stores, lost, now=LATER) is None
    with pytest.raises(JobLost):
        await database.transact(lambda tx: job_writer.take_out(tx, lost, [1, 2], LATER))

    assert await stores.jobs.list_items(job, 10) == [1, 2]
    stored = await stores.jobs.find(TENANT, job.id)
    assert stored is not None
    assert (stored.state, stored.done_count) == (RUNNING, 0)
    assert await claim(stores, now=LATER + LEASE - 1) is None


async def test_a_released_job_is_no_longer_claimed(stores: Stores):
    await request_job(stores)
    job = await must_claim(stores)
    await finish(stores, job)
    await request_job(stores)

    assert await finish(stores, job) is None
    assert not await stores.jobs.renew(job, 500)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("list_due_tenants", "jobs_by_due"),
        ("list_claimable", "jobs_by_turn"),
        ("count_jobs", "jobs_by_due"),
        ("find_old_jobs", "jobs_by_due"),
    ],
)
async def test_looking_for_work_uses_an_index(stores: Stores, database: Database, name: str, index: str):
    for number in range(20):
        await request_job(stores, f"t{number}")
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
