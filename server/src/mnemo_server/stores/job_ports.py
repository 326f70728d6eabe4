"""What the services need of durable jobs. Each method is one unit of work: all of it happens, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mnemo_server.domain.jobs import ClaimedJob, Detail, HeldJob, JobRequest, NextState, StoredJob


@dataclass(frozen=True, slots=True)
class Claim:
    """What a server says when it claims a job. Times are microseconds UTC, by its own clock."""

    #: Names this claim and no other.
    token: str
    #: Kinds that this server has a handler for.
    kinds: Sequence[str]
    now: int
    #: How long the job is its own, unless it renews the lease.
    lease_until: int
    #: A lease that ended before this is of a server that is gone.
    lost_before: int


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How many jobs of all tenants there are in the states that matter to an operator."""

    waiting: int = 0
    running: int = 0
    failed: int = 0
    #: When the one that has been due longest was due, or will be, microseconds UTC.
    oldest_run_at: int | None = None


class JobStore(Protocol):
    """Jobs, their claims and their items. A claim that has passed to another server changes nothing."""

    async def request(self, asked: JobRequest, now: int) -> int:
        """Ask for a job in a transaction of its own, and give its id; see `JobWriter.request`."""

    async def list_due_tenants(self, kinds: Sequence[str], now: int, lost_before: int) -> dict[int, int]:
        """Give the tenants with something to claim, each with the time since when."""

    async def claim(self, tenant_id: int, claim: Claim) -> ClaimedJob | None:
        """Claim what has been due longest of a tenant; None when there is nothing left to claim."""

    async def renew(self, job: ClaimedJob, lease_until: int) -> bool:
        """Keep a job; whether it was still held."""

    async def report(self, job: ClaimedJob, progress: tuple[int, int], now: int, lease_until: int) -> bool:
        """Say how many items of how many are dealt with, and keep the job; whether it was still held."""

    async def release(
        self,
        job: ClaimedJob,
        decide: Callable[[HeldJob], NextState],
        now: int,
        *,
        progress: tuple[int, int] | None = None,
        detail: Detail | None = None,
    ) -> NextState | None:
        """Let a job go as `decide` says, and give that; None when it wasn't held any more.

        The detail takes the place of the one there is, unless the job was asked for again meanwhile.
        """

    async def list_items(self, job: ClaimedJob, limit: int) -> list[int]:
        """Give the first items of those that this run is to deal with."""

    async def count_items(self, job: ClaimedJob) -> int:
        """Count the items that this run or the next has to deal with."""

    async def find(self, tenant_id: int, job_id: int) -> StoredJob | None:
        """Read one job."""

    async def list_latest(self, tenant_id: int, state: str | None, limit: int) -> list[StoredJob]:
        """List the jobs of a tenant, of one state or of all, the latest change first."""

    async def count(self) -> JobCounts:
        """Count the jobs of all tenants."""

    async def remove_done(self, before: int) -> int:
        """Remove jobs that have been done since before a time; how many there were."""
