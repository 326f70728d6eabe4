"""Durable jobs in SQL: requested in other stores' transactions, claimed by compare-and-swap.

Each method is one unit of work: all of it happens, or nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.jobs import (
    FAILED,
    LOST_SERVER,
    MAX_ATTEMPTS,
    RUNNING,
    ClaimedJob,
    Detail,
    HeldJob,
    JobRequest,
    NextState,
    StoredJob,
)
from mnemo_server.stores.jobs.records import Claim, JobCounts
from mnemo_server.stores.jobs.write import JobWriter, claim_of, detail_to_json, run_of

#: Candidates that a claim tries before it looks again; other servers may be claiming the same ones.
_CANDIDATES: Final = 8
#: Number of looks; a server that fails in all of them has fast competitors, so nothing is left undone.
_LOOKS: Final = 3
#: Old jobs that are removed in one batch.
_REMOVED_AT_ONCE: Final = 500


class JobStore:
    """Jobs, their claims and their items. A claim that was lost to another server changes nothing."""

    def __init__(self, database: Database, jobs: QuerySet, writer: JobWriter) -> None:
        self._database = database
        self._jobs = jobs
        self._writer = writer

    async def request(self, asked: JobRequest, now: int) -> int:
        """Request a job in a transaction of its own, and return its id; see `JobWriter.request`."""
        return await self._database.transact(lambda tx: self._writer.request(tx, asked, now))

    async def list_due_tenants(self, kinds: Sequence[str], now: int, lost_before: int) -> dict[int, int]:
        """Return the tenants with something to claim, each with the time since when it is due."""
        params = {"kinds": kinds, "now": now, "lost_before": lost_before}
        rows = await self._database.fetch_all(self._jobs.list_due_tenants, params)
        due: dict[int, int] = {}
        for row in rows:
            due[row["tenant_id"]] = min(row["due_since"], due.get(row["tenant_id"], row["due_since"]))
        return due

    async def claim(self, tenant_id: int, claim: Claim) -> ClaimedJob | None:
        """Claim the job of a tenant that has been due longest; None if there is nothing to claim."""
        params = {
            "tenant_id": tenant_id,
            "token": claim.token,
            "kinds": claim.kinds,
            "now": claim.now,
            "lease_until": claim.lease_until,
            "lost_before": claim.lost_before,
            "limit": _CANDIDATES,
        }
        for _ in range(_LOOKS):
            candidates = await self._database.fetch_all(self._jobs.list_claimable, params)
            for row in candidates:
                if await self._swap(params, row):
                    return await self._find_claimed(params | {"id": row["id"]})
            if not candidates:
                break
        return None

    async def renew(self, job: ClaimedJob, lease_until: int) -> bool:
        """Renew the lease of a job; return whether it was still held."""
        params = claim_of(job) | {"lease_until": lease_until}
        return await self._database.execute(self._jobs.renew_claim, params) == 1

    async def report(self, job: ClaimedJob, progress: tuple[int, int], now: int, lease_until: int) -> bool:
        """Record progress as (done, total) and renew the lease; return whether the job was still held."""
        params = claim_of(job) | _counts(progress) | {"now": now, "lease_until": lease_until}
        return await self._database.execute(self._jobs.report_progress, params) == 1

    async def release(
        self,
        job: ClaimedJob,
        decide: Callable[[HeldJob], NextState],
        now: int,
        *,
        progress: tuple[int, int] | None = None,
        detail: Detail | None = None,
    ) -> NextState | None:
        """Release a job into the state that `decide` returns, and return that; None if it was no longer held.

        The detail replaces the existing one, unless the job was requested again since the claim.
        """
        claim = claim_of(job) | {"now": now}

        async def work(tx: Connection) -> NextState | None:
            if await tx.execute(self._jobs.hold_claim, claim) != 1:
                return None
            row = await tx.fetch_one(self._jobs.find_held, claim)
            item = await tx.fetch_one(self._jobs.find_item, run_of(job))
            if row is None:
                return None
            held = HeldJob(**row, has_items=item is not None)
            after = decide(held)
            kept = detail if held.requests == job.requests else None
            values = {
                "state": after.state,
                "attempts": after.attempts,
                "run_at": after.run_at,
                "note": after.note,
                "error": after.error,
                "detail": detail_to_json(kept),
            }
            await tx.execute(self._jobs.release_claim, claim | values | _counts(progress))
            return after

        return await self._database.transact(work)

    async def list_items(self, job: ClaimedJob, limit: int) -> list[int]:
        """Return the ids of the first items that this run is to process."""
        rows = await self._database.fetch_all(self._jobs.list_items, run_of(job) | {"limit": limit})
        return [row["item_id"] for row in rows]

    async def count_items(self, job: ClaimedJob) -> int:
        """Count the items that this run or the next one has to process."""
        row = await self._database.fetch_one(self._jobs.count_items, run_of(job))
        return int(row["total"]) if row else 0

    async def find(self, tenant_id: int, job_id: int) -> StoredJob | None:
        """Read one job."""
        params = {"tenant_id": tenant_id, "id": job_id}
        row = await self._database.fetch_one(self._jobs.find_job, params)
        return None if row is None else _to_stored(row)

    async def list_latest(self, tenant_id: int, state: str | None, limit: int) -> list[StoredJob]:
        """List the jobs of a tenant, of one state or of all, latest change first."""
        params = {"tenant_id": tenant_id, "state": state, "limit": limit}
        return [_to_stored(row) for row in await self._database.fetch_all(self._jobs.list_jobs, params)]

    async def count(self) -> JobCounts:
        """Count the jobs of all tenants."""
        rows = await self._database.fetch_all(self._jobs.count_jobs, {})
        oldest = next((row["oldest"] for row in rows if row["state"] == "waiting"), None)
        return JobCounts(**{row["state"]: row["total"] for row in rows}, oldest_run_at=oldest)

    async def remove_done(self, before: int) -> int:
        """Remove jobs that were done before a time, and return how many."""
        removed = 0
        while True:
            params = {"before": before, "limit": _REMOVED_AT_ONCE}
            rows = await self._database.fetch_all(self._jobs.find_old_jobs, params)
            by_tenant: dict[int, list[int]] = {}
            for row in rows:
                by_tenant.setdefault(row["tenant_id"], []).append(row["id"])
            for tenant_id, ids in by_tenant.items():
                old = {"tenant_id": tenant_id, "ids": ids, "before": before}
                removed += await self._database.execute(self._jobs.remove_jobs, old)
            if len(rows) < _REMOVED_AT_ONCE:
                return removed

    async def _swap(self, params: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
        """Claim a job unless another server was faster; return whether it is ours."""
        if row["state"] == RUNNING:
            return await self._take_over(params, row)
        return await self._database.execute(self._jobs.claim_job, {**params, "id": row["id"]}) == 1

    async def _take_over(self, params: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
        """Take a job over from a dead server, or fail it after too many attempts; return whether it is ours.

        The lost run counts as a failed attempt: otherwise a job that kills its server would kill one after
        another.
        """
        is_last = row["attempts"] + 1 >= MAX_ATTEMPTS
        change = {"id": row["id"], "lost_owner": row["owner"], "error": LOST_SERVER}
        change |= {"state": FAILED, "token": None, "lease_until": None} if is_last else {"state": RUNNING}
        changed = await self._database.execute(self._jobs.take_over_job, {**params, **change})
        return bool(changed) and not is_last

    async def _find_claimed(self, params: Mapping[str, Any]) -> ClaimedJob | None:
        """Read a job that was just claimed, with everything requested so far."""
        row = await self._database.fetch_one(self._jobs.find_claimed, params)
        return None if row is None else ClaimedJob(**{**row, "detail": _from_json(row["detail"]) or {}})


def _counts(progress: tuple[int, int] | None) -> dict[str, int | None]:
    done, total = progress or (None, None)
    return {"done_count": done, "total_count": total}


def _to_stored(row: Mapping[str, Any]) -> StoredJob:
    return StoredJob(**{**row, "detail": _from_json(row["detail"])})


def _from_json(text: str | None) -> Detail | None:
    return None if text is None else json.loads(text)
