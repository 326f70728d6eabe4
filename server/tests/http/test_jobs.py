"""Jobs as seen by clients: the routes, the metrics, and what housekeeping deletes."""

from __future__ import annotations

import asyncio
import re

import pytest
from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.jobs import Done, JobRequest
from mnemo_server.services.jobs.status import DONE_KEPT_FOR
from mnemo_server.stores.opening import Stores, open_stores

JOBS = "/v1alpha2/mem9s/jobs"


@pytest.fixture
async def stores(app) -> Stores:
    services = app.services
    return await asyncio.to_thread(open_stores, services.database, services.ids, services.clock)


@pytest.fixture
async def request_job(app, stores):
    """Return a function that requests a job of the key's tenant and returns its id."""
    record = await app.services.tenants.find_key(app.api_key)

    async def request_job(target: str = "memory:1", **fields) -> str:
        now = fields.pop("now", app.services.clock())
        tenant_id = fields.pop("tenant_id", record.tenant_id)
        return encode_id(await stores.jobs.request(JobRequest(tenant_id, "enrich", target, **fields), now))

    return request_job


async def test_a_job_is_returned_with_all_its_fields(app, request_job):
    job_id = await request_job("session:s", now=1_000_000, run_at=2_000_000, detail={"why": "asked"})

    status, response, _ = await app.call("GET", f"{JOBS}/{job_id}")

    assert (status, response) == (
        200,
        {
            "id": job_id,
            "kind": "enrich",
            "target": "session:s",
            "state": "waiting",
            "attempts": 0,
            "done": 0,
            "total": 0,
            "created_at": "1970-01-01T00:00:01Z",
            "updated_at": "1970-01-01T00:00:01Z",
            "run_at": "1970-01-01T00:00:02Z",
            "detail": {"why": "asked"},
        },
    )


async def test_jobs_are_listed_by_their_latest_change(app, request_job):
    ids = [await request_job(f"memory:{number}", now=number) for number in (1, 2, 3)]

    _, response, _ = await app.call("GET", JOBS)
    assert [job["id"] for job in response["jobs"]] == ids[::-1]
    _, response, _ = await app.call("GET", f"{JOBS}?limit=1&state=waiting")
    assert [job["id"] for job in response["jobs"]] == [ids[2]]
    _, response, _ = await app.call("GET", f"{JOBS}?state=failed")
    assert response == {"jobs": []}


@pytest.mark.parametrize("query", ["state=lost", "limit=0", "limit=201"])
async def test_an_invalid_filter_is_rejected(app, query):
    status, response, _ = await app.call("GET", f"{JOBS}?{query}")

    assert (status, response["code"]) == (400, "invalid_request")


async def test_jobs_of_other_tenants_and_invalid_ids_are_not_found(app, request_job):
    other_tenants_job = await request_job(tenant_id=77)

    for job_id in (other_tenants_job, "0000000000000", "x"):
        status, response, _ = await app.call("GET", f"{JOBS}/{job_id}")
        assert (status, response["code"]) == (404, "job_not_found")
    _, response, _ = await app.call("GET", JOBS)
    assert response == {"jobs": []}


async def read_metrics(app) -> dict[str, float]:
    async with app.client.get("/metrics") as response:
        lines = re.findall(r"^(mnemo_\w+) (\S+)$", await response.text(), re.MULTILINE)
    return {name: float(value) for name, value in lines}


async def test_metrics_count_jobs_by_state(app, request_job):
    await request_job(run_at=app.services.clock() - 9_000_000)
    runner = app.services.job_runner
    runner.counts = await runner._store.count()

    metrics = await read_metrics(app)

    assert metrics["mnemo_jobs_waiting"] == 1
    assert metrics["mnemo_jobs_running"] == metrics["mnemo_jobs_failed"] == 0
    assert metrics["mnemo_jobs_oldest_due_seconds"] >= 9
    assert metrics["mnemo_job_runs_done_total"] == metrics["mnemo_job_runs_retried_total"] == 0


async def test_jobs_are_deleted_a_week_after_they_were_done(app, request_job, stores):
    now = app.services.clock()
    old, recent = await request_job("memory:1", now=1), await request_job("memory:2", now=now)
    record = await app.services.tenants.find_key(app.api_key)
    runner = app.services.job_runner
    runner.add_handler("enrich", lambda _job, _progress: asyncio.sleep(0, Done()))
    runner.note(record.tenant_id)
    while (await app.call("GET", f"{JOBS}/{recent}"))[1]["state"] != "done":  # noqa: ASYNC110 - over HTTP
        await asyncio.sleep(0.01)
    assert (await app.call("GET", f"{JOBS}/{old}"))[0] == 200

    assert await app.services.jobs.forget_old_jobs() == 0
    assert await stores.jobs.remove_done(now + DONE_KEPT_FOR) == 2
    assert (await app.call("GET", f"{JOBS}/{old}"))[0] == 404
