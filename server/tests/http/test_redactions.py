"""Sweeps for secrets, requested over HTTP."""

from __future__ import annotations

import asyncio

PATH = "/v1alpha2/mem9s/redactions"


async def test_a_sweep_returns_its_job_and_the_job_finishes(app):
    status, job, _ = await app.call("POST", PATH, json={"dry_run": False})

    assert (status, job["kind"], job["target"]) == (202, "redact", "everything")
    async with asyncio.timeout(30):
        while job["state"] != "done":
            await asyncio.sleep(0.02)
            _, job, _ = await app.call("GET", f"/v1alpha2/mem9s/jobs/{job['id']}")
    assert job["detail"] == {"dry_run": False, "found": {}, "changed": 0}


async def test_a_sweep_is_a_dry_run_by_default(app):
    _, job, _ = await app.call("POST", PATH, json={})

    assert (job["target"], job["detail"]["dry_run"]) == ("everything, dry run", True)


async def test_a_server_without_redaction_rejects_a_sweep(open_app):
    app = await open_app(redact=False)
    status, response, _ = await app.call("POST", PATH, json={})

    assert (status, response["code"]) == (400, "invalid_request")
    assert "MNEMO_REDACT=false" in response["error"]
