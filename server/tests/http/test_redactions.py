"""Sweeps for secrets, requested over HTTP."""

from __future__ import annotations

import asyncio

PATH = "/v1alpha2/mem9s/redactions"


async def test_a_sweep_is_answered_with_its_job_which_comes_to_its_end(app):
    status, job, _ = await app.call("POST", PATH, json={"dry_run": False})

    assert (status, job["kind"], job["target"]) == (202, "redact", "everything")
    async with asyncio.timeout(30):
        while job["state"] != "done":
            await asyncio.sleep(0.02)
            _, job, _ = await app.call("GET", f"/v1alpha2/mem9s/jobs/{job['id']}")
    assert job["detail"] == {"dry_run": False, "found": {}, "changed": 0}


async def test_nothing_is_changed_unless_that_is_asked_for(app):
    _, job, _ = await app.call("POST", PATH, json={})

    assert (job["target"], job["detail"]["dry_run"]) == ("everything, dry run", True)


async def test_a_server_that_looks_for_no_secrets_says_so(open_app):
    app = await open_app(redact=False)
    status, answer, _ = await app.call("POST", PATH, json={})

    assert (status, answer["code"]) == (400, "invalid_request")
    assert "MNEMO_REDACT=false" in answer["error"]
