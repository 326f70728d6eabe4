"""Jobs as callers see them."""

from __future__ import annotations

from typing import Final

from mnemos_contract.errors import JobNotFound
from mnemos_contract.jobs import Job, JobPage, JobQuery, JobState

from mnemo_server.domain.clock import MICROSECONDS, Clock, to_datetime
from mnemo_server.domain.ids import decode_id, encode_id
from mnemo_server.domain.jobs import StoredJob
from mnemo_server.services.caller import Caller
from mnemo_server.stores.jobs.store import JobStore

#: How long a job is shown after it is done, in microseconds: a week.
DONE_KEPT_FOR: Final = 7 * 24 * 3_600 * MICROSECONDS


class JobService:
    """Operations on jobs: read them, and remove old ones."""

    def __init__(self, store: JobStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def list_jobs(self, caller: Caller, wanted: JobQuery) -> JobPage:
        """List a tenant's jobs, latest change first."""
        state = None if wanted.state is None else wanted.state.value
        jobs = await self._store.list_latest(caller.tenant_id, state, wanted.limit)
        return JobPage.model_construct(jobs=[to_job(job) for job in jobs])

    async def get(self, caller: Caller, job_id: str) -> Job:
        """Read one job.

        Raises:
            JobNotFound: the tenant has no job with this id.
        """
        number = decode_id(job_id)
        if number is None:
            raise JobNotFound
        return await self.read(caller, number)

    async def read(self, caller: Caller, job_id: int) -> Job:
        """Read one job by its numeric id.

        Raises:
            JobNotFound: the tenant has no job with this id.
        """
        job = await self._store.find(caller.tenant_id, job_id)
        if job is None:
            raise JobNotFound
        return to_job(job)

    async def forget_old_jobs(self) -> int:
        """Remove the jobs that were done more than a week ago, and return how many."""
        return await self._store.remove_done(self._clock() - DONE_KEPT_FOR)


def to_job(job: StoredJob) -> Job:
    """Convert a stored job to its API model."""
    return Job.model_construct(
        id=encode_id(job.id),
        kind=job.kind,
        target=job.target,
        state=JobState(job.state),
        attempts=job.attempts,
        done=job.done_count,
        total=job.total_count,
        created_at=to_datetime(job.created_at),
        updated_at=to_datetime(job.updated_at),
        run_at=to_datetime(job.run_at),
        note=job.note,
        error=job.error,
        detail=job.detail,
    )
