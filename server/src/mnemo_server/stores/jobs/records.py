"""Records that the store of jobs takes and returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim of a server on a job. Times are microseconds UTC, by the server's own clock."""

    #: Identifies this claim and no other.
    token: str
    #: Kinds of jobs that this server has a handler for.
    kinds: Sequence[str]
    now: int
    #: When the claim ends, unless the lease is renewed.
    lease_until: int
    #: The owner of a lease that ended before this time is considered dead.
    lost_before: int


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Number of jobs of all tenants in each state that matters to an operator."""

    waiting: int = 0
    running: int = 0
    failed: int = 0
    #: The earliest time at which a waiting job was or will be due, microseconds UTC.
    oldest_run_at: int | None = None
