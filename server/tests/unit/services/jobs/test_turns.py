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

from .bench import Bench, be_done, wait_for


async def flood(database: Database, tenant_id: int, jobs: int) -> None:
    query = parse_queries(
        "-- name: put\nINSERT INTO jobs (tenant_id, id, kind, target, state, requests, attempts, run_at, "
        "done_count, total_count, created_at, updated_at) VALUES (:tenant_id, :id, 'enrich', :id, 'waiting', "
        "1, 0, :id, 0, 0, 1, 1);",
        "sqlite",
        origin=__name__,
    ).put
    await database.execute_many(query, [{"tenant_id": tenant_id, "id": number + 1} for number in range(jobs)])


async def test_a_tenant_with_ten_thousand_jobs_lets_others_have_their_turn(bench: Bench, database: Database):
    await flood(database, 1, 10_000)
    await bench.ask(tenant_id=2)
    tenants: list[int] = []
    third_asked = asyncio.Event()

    async def handler(job, _progress):
        tenants.append(job.tenant_id)
        if len(tenants) == 5:
            await bench.ask(tenant_id=3)  # noted nowhere: as through another server
            third_asked.set()
        return Done()

    await bench.start(handler)
    await wait_for(lambda: len(tenants) >= 7)

    assert sorted(tenants[:2]) == [1, 2]
    assert third_asked.is_set()
    assert 3 in tenants[5:7]


async def test_own_requests_have_their_turn_without_a_look(bench: Bench, database: Database):
    await flood(database, 1, 100)
    tenants: list[int] = []

    async def handler(job, _progress):
        tenants.append(job.tenant_id)
        if len(tenants) == 5:
            await bench.ask(tenant_id=2)
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
            await bench.ask(f"t{number}", tenant_id=tenant_id)
            bench.clock.now += 1
    await bench.start(handler)
    await wait_for(lambda: len(tenants) == 9)

    assert tenants == [1, 2, 3, 1, 2, 1, 2, 1, 1]


async def test_many_turns_are_remembered_but_not_all(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mnemo_server.services.jobs.runner.MAX_REMEMBERED", 2)
    for tenant_id in (1, 2, 3):
        await bench.ask(tenant_id=tenant_id)
    runner = await bench.start(be_done)

    await wait_for(lambda: runner.outcomes[Outcome.DONE] == 3)

    assert list(runner._served.values()) == [2, 3]
