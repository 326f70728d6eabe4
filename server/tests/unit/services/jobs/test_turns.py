"""Tenants take turns, however many jobs one of them has due."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.db.database import Database
from mnemo_server.db.queries import parse_queries
from mnemo_server.domain.jobs import (
    Done,
)
from mnemo_server.services.jobs.run import Outcome, Pace

from .bench import Bench, finish, wait_for


async def insert_jobs(database: Database, tenant_id: int, jobs: int) -> None:
    query = parse_queries(
        "-- name: put\nINSERT INTO jobs (tenant_id, id, kind, target, state, requests, attempts, run_at, "
        "done_count, total_count, created_at, updated_at) VALUES (:tenant_id, :id, 'enrich', :id, 'waiting', "
        "1, 0, :id, 0, 0, 1, 1);",
        "sqlite",
        origin=__name__,
    ).put
    await database.execute_many(query, [{"tenant_id": tenant_id, "id": number + 1} for number in range(jobs)])


async def test_a_tenant_with_ten_thousand_jobs_does_not_delay_others(bench: Bench, database: Database):
    await insert_jobs(database, 1, 10_000)
    await bench.request(tenant_id=2)
    tenants: list[int] = []
    is_third_requested = asyncio.Event()

    async def handler(job, _progress):
        tenants.append(job.tenant_id)
        if len(tenants) == 5:
            await bench.request(tenant_id=3)  # not noted, like a request through another server
            is_third_requested.set()
        return Done()

    await bench.start(handler)
    await wait_for(lambda: len(tenants) >= 7)

    assert sorted(tenants[:2]) == [1, 2]
    assert is_third_requested.is_set()
    assert 3 in tenants[5:7]


async def test_noted_requests_get_their_turn_without_polling(bench: Bench, database: Database):
    await insert_jobs(database, 1, 100)
    tenants: list[int] = []

    async def handler(job, _progress):
        tenants.append(job.tenant_id)
        if len(tenants) == 5:
            await bench.request(tenant_id=2)
            runner.note(2)
        return Done()

    runner = await bench.start(handler, pace=Pace(poll=1_000, look=1_000))
    await wait_for(lambda: len(tenants) >= 7)

    assert tenants[:7] == [1, 1, 1, 1, 1, 2, 1]


async def test_tenants_take_turns(bench: Bench):
    tenants: list[int] = []

    async def handler(job, _progress):
        tenants.append(job.tenant_id)
        return Done()

    for tenant_id, jobs in ((1, 5), (2, 3), (3, 1)):
        for number in range(jobs):
            await bench.request(f"t{number}", tenant_id=tenant_id)
            bench.clock.now += 1
    await bench.start(handler)
    await wait_for(lambda: len(tenants) == 9)

    assert tenants == [1, 2, 3, 1, 2, 1, 2, 1, 1]


async def test_the_number_of_remembered_turns_is_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mnemo_server.services.jobs.runner.MAX_REMEMBERED", 2)
    for tenant_id in (1, 2, 3):
        await bench.request(tenant_id=tenant_id)
    runner = await bench.start(finish)

    await wait_for(lambda: runner.outcomes[Outcome.DONE] == 3)

    assert list(runner._served.values()) == [2, 3]
