"""Durable jobs: claims, results, retries, and whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mnemos_contract.jobs import JobState

from mnemo_server.domain.clock import MICROSECONDS

WAITING: Final = JobState.WAITING.value
RUNNING: Final = JobState.RUNNING.value
DONE: Final = JobState.DONE.value
FAILED: Final = JobState.FAILED.value

#: Failed attempts after which a job is given up, until it is requested again.
MAX_ATTEMPTS: Final = 8
#: The pause before the second attempt, which triples after each further attempt, and the longest pause before
#: jitter, in microseconds. With jitter these are seven pauses from 5 s to an hour, which outlast an outage of
#: an hour and a half.
FIRST_PAUSE_US: Final = 5 * MICROSECONDS
LONGEST_PAUSE_US: Final = 3_000 * MICROSECONDS
#: The largest fraction by which jitter lengthens a pause, so that jobs that failed together don't return
#: together.
JITTER: Final = 0.2
#: Characters of a note and of an error: the sizes of their columns.
MAX_NOTE_CHARACTERS: Final = 200
MAX_ERROR_CHARACTERS: Final = 1_000
#: The error of an attempt whose server disappeared.
LOST_SERVER: Final = "the server that worked on it went away"

#: What was requested, and what came of it: JSON.
Detail: TypeAlias = dict[str, Any]


class JobError(Exception):
    """An attempt failed for a reason that the tenant may read: one sentence without secrets or texts."""


class JobLost(Exception):
    """The claim has passed to another server: this attempt must not write anything any more."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A request for a job, made in the same transaction as the write that causes it."""

    tenant_id: int
    kind: str
    #: What the job works on, such as `session:<id>`: there is one job for each target.
    target: str
    #: Ids of memories that the job has to process; they are added to those it already has.
    item_ids: Sequence[int] = ()
    #: The earliest start, in microseconds UTC; None: at once.
    run_at: int | None = None
    #: For the handler; None keeps the detail that the job has.
    detail: Detail | None = None


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job as seen by the server that claimed it."""

    tenant_id: int
    id: int
    kind: str
    target: str
    detail: Detail
    #: How often it had been requested when it was claimed: this run serves these requests.
    requests: int
    #: Failed attempts before this one.
    attempts: int
    #: Identifies this claim: only a server whose claim is still valid may change the job.
    token: str


@dataclass(frozen=True, slots=True)
class StoredJob:
    """One row of `jobs`, for display. Times are microseconds UTC; see schema.sql for the columns."""

    tenant_id: int
    id: int
    kind: str
    target: str
    state: str
    attempts: int
    done_count: int
    total_count: int
    run_at: int
    created_at: int
    updated_at: int
    note: str | None = None
    error: str | None = None
    detail: Detail | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Everything that was requested is done."""

    #: Replaces the job's detail, unless the job was requested again meanwhile; None keeps it.
    detail: Detail | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """Part of it is done; the rest follows when it is this tenant's turn again."""

    detail: Detail | None = None


@dataclass(frozen=True, slots=True)
class Postponed:
    """Nothing is wrong, but the job can't continue before `run_at`, microseconds UTC."""

    note: str
    run_at: int
    detail: Detail | None = None


#: What a handler returns when it finishes; an error is an exception.
JobResult: TypeAlias = Done | Again | Postponed


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job at the end of a run, read under its row's lock: it may have been requested again meanwhile."""

    requests: int
    attempts: int
    #: When the last request asked it to run, if there was one; else when it was due.
    run_at: int
    error: str | None
    has_items: bool


@dataclass(frozen=True, slots=True)
class NextState:
    """The state of a job after it is released."""

    state: str
    attempts: int
    run_at: int
    note: str | None = None
    error: str | None = None


def after_result(result: JobResult, job: ClaimedJob, held: HeldJob, now: int) -> NextState:
    """Return the next state of a job that finished: it runs again if it has new requests or items left."""
    if isinstance(result, Postponed):
        note = result.note[:MAX_NOTE_CHARACTERS]
        return NextState(WAITING, held.attempts, result.run_at, note=note, error=held.error)
    if held.requests != job.requests:
        return NextState(WAITING, 0, held.run_at)
    if held.has_items or isinstance(result, Again):
        return NextState(WAITING, 0, now)
    return NextState(DONE, 0, held.run_at)


def after_error(sentence: str, job: ClaimedJob, held: HeldJob, now: int, jitter: float) -> NextState:
    """Return the next state of a job whose attempt failed; `jitter` is a random number from 0 to 1.

    A request that arrived meanwhile revives a job that would otherwise be given up.
    """
    attempts = held.attempts + 1
    error = sentence[:MAX_ERROR_CHARACTERS]
    run_at = now + pause_after(attempts, jitter)
    if attempts < MAX_ATTEMPTS:
        return NextState(WAITING, attempts, run_at, error=error)
    if held.requests != job.requests:
        return NextState(WAITING, 0, run_at, error=error)
    return NextState(FAILED, attempts, now, error=error)


def handed_back(held: HeldJob, now: int) -> NextState:
    """Return the next state of a job whose server stops: another server may start it at once."""
    return NextState(WAITING, held.attempts, now, error=held.error)


def pause_after(attempts: int, jitter: float) -> int:
    """Return the microseconds to wait after a number of failed attempts; `jitter` is from 0 to 1."""
    pause = min(FIRST_PAUSE_US * 3.0 ** min(attempts - 1, MAX_ATTEMPTS), LONGEST_PAUSE_US)
    return round(pause * (1 + JITTER * jitter))


def fair_order(due: Mapping[int, int], served: Mapping[int, int]) -> list[int]:
    """Return tenants in the order of their turns: never served first, then by how long ago they were served.

    Among tenants that were never served, the one that has been due the longest comes first.

    Args:
        due: The time since which each tenant has had a job due.
        served: The turn at which each tenant was last served, counted from 1.
    """
    return sorted(due, key=lambda tenant_id: (served.get(tenant_id, 0), due[tenant_id], tenant_id))
