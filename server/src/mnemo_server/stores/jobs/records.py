"""What the store of jobs takes and returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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
