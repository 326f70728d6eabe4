"""What happens to jobs in the transactions of other stores."""

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
    """What happens to jobs inside a caller's transaction, in the order of its locks: memories, then the job.

    Not for transactions that only insert: a job that there is already is read and changed.
    """

    def __init__(self, jobs: QuerySet, ids: IdSource) -> None:
        self._jobs = jobs
        self._ids = ids

    async def request(self, tx: Connection, asked: JobRequest, now: int) -> int:
        """Ask for a job and give its id. Call it last: whoever commits lets the others go on.

        There is one job for each tenant, kind and target. Asking again adds the items to those it has; while
        it runs, it will run once more. One that was done or given up begins anew; one that waits runs at the
        earlier of both times, but a pause after an error or with a note goes on.

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
        """Take items out of a job in the transaction that writes what came of them. Call it last.

        What was asked for again since the claim stays for the next run.

        Raises:
            JobLost: another server has taken the job over; let it out of the transaction, which undoes all.
        """
        if await tx.execute(self._jobs.hold_claim, claim_of(job) | {"now": now}) != 1:
            raise JobLost
        if item_ids:
            await tx.execute(self._jobs.remove_items, run_of(job) | {"item_ids": item_ids})

    async def note(self, tx: Connection, job: ClaimedJob, detail: Detail, now: int) -> None:
        """Keep how far a job is in the transaction of what was done for it. Call it last.

        Where the job was asked for again since the claim, that request's detail stays.

        Raises:
            JobLost: another server has taken the job over; let it out of the transaction, which undoes all.
        """
        await self.take_out(tx, job, (), now)
        params = claim_of(job) | {"requests": job.requests, "detail": detail_to_json(detail)}
        await tx.execute(self._jobs.note_detail, params)


def claim_of(job: ClaimedJob) -> dict[str, Any]:
    """Name a claim as the parameters of queries that need it held."""
    return {"tenant_id": job.tenant_id, "id": job.id, "token": job.token}


def run_of(job: ClaimedJob) -> dict[str, Any]:
    """Name what a run deals with as the parameters of queries on items."""
    return {"tenant_id": job.tenant_id, "job_id": job.id, "requests": job.requests}


def detail_to_json(detail: Detail | None) -> str | None:
    """Write a detail as its column holds it."""
    return None if detail is None else json.dumps(detail, ensure_ascii=False)
