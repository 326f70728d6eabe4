"""Job requests and claims, for tests of the store."""

from __future__ import annotations

from itertools import count

from mnemo_server.domain.jobs import ClaimedJob, Done, JobRequest, after_result
from mnemo_server.stores.jobs.records import Claim
from mnemo_server.stores.opening import Stores

from server.tests.live.factories import TENANT

KIND = "enrich"
LEASE = 60
#: A time at which every lease that began at 100 has expired.
LATER = 100 + LEASE
_TOKENS = count(1)


async def request_job(
    stores: Stores, target: str = "t", *, now: int = 100, tenant_id: int = TENANT, **fields
) -> int:
    return await stores.jobs.request(JobRequest(tenant_id, KIND, target, **fields), now)


def make_claim(now: int, *, kinds: tuple[str, ...] = (KIND,), grace: int = 0) -> Claim:
    return Claim(f"claim-{next(_TOKENS)}", kinds, now, lease_until=now + LEASE, lost_before=now - grace)


async def claim(stores: Stores, *, now: int = 100, tenant_id: int = TENANT) -> ClaimedJob | None:
    return await stores.jobs.claim(tenant_id, make_claim(now))


async def must_claim(stores: Stores, *, now: int = 100, tenant_id: int = TENANT) -> ClaimedJob:
    job = await claim(stores, now=now, tenant_id=tenant_id)
    assert job is not None
    return job


async def finish(stores: Stores, job: ClaimedJob, result=None, *, now: int = 100, **options):
    """Release a job with this result; return its next state, or None if the claim was lost."""
    outcome = result or Done()
    return await stores.jobs.release(
        job, lambda held: after_result(outcome, job, held, now), now, detail=outcome.detail, **options
    )


async def state_of(stores: Stores, job_id: int) -> str | None:
    job = await stores.jobs.find(TENANT, job_id)
    return job.state if job else None
