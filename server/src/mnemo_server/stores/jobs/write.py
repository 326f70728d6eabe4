"""Changes of jobs in the transactions of other stores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mnemo_server.db.database import Connection
from mnemo_server.db.errors import WriteConflict
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.ids import IdSource
from mnemo_server.domain.jobs import ClaimedJob, Detail, JobLost, JobRequest


class JobWriter:
    """Changes jobs inside a caller's transaction. Locks are taken in the order: memories, then the job.

    Not for transactions that only insert: an existing job is read and changed.
    """

    def __init__(self, jobs: QuerySet, ids: IdSource) -> None:
        self._jobs = jobs
        self._ids = ids

    async def request(self, tx: Connection, asked: JobRequest, now: int) -> int:
        """Request a job and return its id. Call it last: the row stays locked for others until the commit.

        There is one job for each tenant, kind and target. Another request adds its items to those of the job;
        if the job is running, it will run once more. A job that was done or had failed starts from scratch. A
        waiting job runs at the earlier of both times, but a pause after an error or with a note goes on.

        Raises:
            WriteConflict: the new id was taken; the whole transaction runs again.
        """
        key = {"tenant_id": asked.tenant_id, "kind": asked.kind, "target": asked.target}
        row = {"id": self._ids.new_id(), "now": now, "run_at": now if asked.run_at is None else asked.run_at}
        await tx.execute(self._jobs.request_job, key | row | {"detail": detail_to_json(asked.detail)})
        found = await tx.fetch_one(self._jobs.find_requested, key)
        if found is None:
            raise WriteConflict("two jobs got the same id")
        job = {"tenant_id": asked.tenant_id, "job_id": found["id"], "requests": found["requests"]}
        if asked.item_ids:
            rows = [job | {"item_id": item_id} for item_id in sorted(set(asked.item_ids))]
            await tx.execute_many(self._jobs.put_item, rows)
        job_id: int = found["id"]
        return job_id

    async def take_out(self, tx: Connection, job: ClaimedJob, item_ids: Sequence[int], now: int) -> None:
        """Take items out of a job in the transaction that writes their results. Call it last.

        Items that were requested again since the claim stay for the next run.

        Raises:
            JobLost: another server has taken the job over; let it propagate, which undoes the transaction.
        """
        if await tx.execute(self._jobs.hold_claim, claim_of(job) | {"now": now}) != 1:
            raise JobLost
        if item_ids:
            await tx.execute(self._jobs.remove_items, run_of(job) | {"item_ids": item_ids})

    async def note(self, tx: Connection, job: ClaimedJob, detail: Detail, now: int) -> None:
        """Record the progress of a job in the transaction of the work that was done for it. Call it last.

        If the job was requested again since the claim, that request's detail stays.

        Raises:
            JobLost: another server has taken the job over; let it propagate, which undoes the transaction.
        """
        await self.take_out(tx, job, (), now)
        params = claim_of(job) | {"requests": job.requests, "detail": detail_to_json(detail)}
        await tx.execute(self._jobs.note_detail, params)


def claim_of(job: ClaimedJob) -> dict[str, Any]:
    """Return a claim as the parameters of queries that require it."""
    return {"tenant_id": job.tenant_id, "id": job.id, "token": job.token}


def run_of(job: ClaimedJob) -> dict[str, Any]:
    """Return a run as the parameters of queries on its items."""
    return {"tenant_id": job.tenant_id, "job_id": job.id, "requests": job.requests}


def detail_to_json(detail: Detail | None) -> str | None:
    """Return a detail as JSON for its column."""
    return None if detail is None else json.dumps(detail, ensure_ascii=False)
