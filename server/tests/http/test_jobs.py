"""Jobs seen from outside: the routes, the metrics, and what housekeeping deletes."""

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
async def ask(app, stores):
    """Asks for a job of the key's tenant and gives its id."""
    record = await app.services.tenants.find_key(app.api_key)

    async def ask(target: str = "memory:1", **fields) -> str:
        now = fields.pop("now", app.services.clock())
        tenant_id = fields.pop("tenant_id", record.tenant_id)
        return encode_id(await stores.jobs.request(JobRequest(tenant_id, "enrich", target, **fields), now))

    return ask


async def test_a_job_is_shown_with_what_is_known_of_it(app, ask):
    job_id = await ask("session:s", now=1_000_000, run_at=2_000_000, detail={"why": "asked"})

    status, answer, _ = await app.call("GET", f"{JOBS}/{job_id}")

    assert (status, answer) == (
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


async def test_jobs_are_listed_by_their_latest_change(app, ask):
    ids = [await ask(f"memory:{number}", now=number) for number in (1, 2, 3)]

    _, answer, _ = await app.call("GET", JOBS)
    assert [job["id"] for job in answer["jobs"]] == ids[::-1]
    _, answer, _ = await app.call("GET", f"{JOBS}?limit=1&state=waiting")
    assert [job["id"] for job in answer["jobs"]] == [ids[2]]
    _, answer, _ = await app.call("GET", f"{JOBS}?state=failed")
    assert answer == {"jobs": []}


@pytest.mark.parametrize("query", ["state=lost", "limit=0", "limit=201"])
async def test_a_wrong_filter_is_refused(app, query):
    status, answer, _ = await app.call("GET", f"{JOBS}?{query}")

    assert (status, answer["code"]) == (400, "invalid_request")


async def test_jobs_of_other_tenants_and_other_words_are_not_found(app, ask):
    foreign = await ask(tenant_id=77)

    for job_id in (foreign, "0000000000000", "x"):
        status, answer, _ = await app.call("GET", f"{JOBS}/{job_id}")
        assert (status, answer["code"]) == (404, "job_not_found")
    _, answer, _ = await app.call("GET", JOBS)
    assert answer == {"jobs": []}


async def read_metrics(app) -> dict[str, float]:
    async with app.client.get("/metrics") as answer:
        lines = re.findall(r"^(mnemo_\w+) (\S+)$", await answer.text(), re.MULTILINE)
    return {name: float(value) for name, value in lines}


async def test_metrics_say_how_jobs_stand(app, ask):
    await ask(run_at=app.services.clock() - 9_000_000)
    runner = app.services.job_runner
    runner.counts = await runner._store.count()

    metrics = await read_metrics(app)

    assert metrics["mnemo_jobs_waiting"] == 1
    assert metrics["mnemo_jobs_running"] == metrics["mnemo_jobs_failed"] == 0
    assert metrics["mnemo_jobs_oldest_due_seconds"] >= 9
    assert metrics["mnemo_job_runs_done_total"] == metrics["mnemo_job_runs_retried_total"] == 0


async def test_jobs_are_forgotten_a_week_after_they_were_done(app, ask, stores):
    now = app.services.clock()
    old, recent = await ask("memory:1", now=1), await ask("memory:2", now=now)
    record = await app.services.tenants.find_key(app.api_key)
    runner = app.services.job_runner
    runner.add_handler("enrich", lambda _job, _progress: asyncio.sleep(0, Done()))
    runner.note(record.tenant_id)
    while (await app.call("GET", f"{JOBS}/{recent}"))[1]["state"] != "done":  # noqa: ASYNC110 - from outside
        await asyncio.sleep(0.01)
    assert (await app.call("GET", f"{JOBS}/{old}"))[0] == 200

    assert await app.services.jobs.forget_old_jobs() == 0
    assert await stores.jobs.remove_done(now + DONE_KEPT_FOR) == 2
    assert (await app.call("GET", f"{JOBS}/{old}"))[0] == 404
