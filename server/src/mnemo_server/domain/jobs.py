"""Durable work: what a server claims, what may come of it, when it is tried again, and whose turn it is."""

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

#: Failed attempts after which a job is given up, until somebody asks for it again.
MAX_ATTEMPTS: Final = 8
#: Microseconds until the second attempt, three times as many after each further one, and the most there may
#: be before jitter: with it, seven pauses from 5 s to an hour, which outlast an outage of an hour and a half.
FIRST_PAUSE_US: Final = 5 * MICROSECONDS
LONGEST_PAUSE_US: Final = 3_000 * MICROSECONDS
#: By how much jitter stretches a pause at most, so that what failed together doesn't come back together.
JITTER: Final = 0.2
#: Characters of a note and of an error, as their columns hold them.
MAX_NOTE_CHARACTERS: Final = 200
MAX_ERROR_CHARACTERS: Final = 1_000
#: What stands as the error of an attempt whose server was heard of no more.
LOST_SERVER: Final = "the server that worked on it went away"

#: What was asked for, and what came of it: JSON.
Detail: TypeAlias = dict[str, Any]


class JobError(Exception):
    """An attempt failed for a reason that the tenant may read: a sentence without secrets or texts."""


class JobLost(Exception):
    """The claim has passed to another server: nothing of this attempt may be written any more."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What somebody asks for, in the transaction of the write that gives a reason to."""

    tenant_id: int
    kind: str
    #: To what it is done, such as `session:<id>`: there is one job for each.
    target: str
    #: Ids of memories that it has to look at; those it has already stay.
    item_ids: Sequence[int] = ()
    #: Not before this, microseconds UTC; None is at once.
    run_at: int | None = None
    #: For the handler; None keeps what the job has.
    detail: Detail | None = None


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job as the server that claimed it works on it."""

    tenant_id: int
    id: int
    kind: str
    target: str
    detail: Detail
    #: How often it had been asked for when it was claimed: this run answers these requests.
    requests: int
    #: Failed attempts before this one.
    attempts: int
    #: Names this claim and no other: whoever changes the job must still hold it.
    token: str


@dataclass(frozen=True, slots=True)
class StoredJob:
    """One row of `jobs`, to be looked at. Times are microseconds UTC; see schema.sql for the columns."""

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
    """Everything that was asked for is dealt with."""

    #: Takes the place of the job's detail, unless it was asked for again meanwhile; None keeps it.
    detail: Detail | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """Some of it is dealt with; the rest comes when it is this tenant's turn again."""

    detail: Detail | None = None


@dataclass(frozen=True, slots=True)
class Postponed:
    """Nothing is wrong, but it can't go on before a time, microseconds UTC."""

    note: str
    run_at: int
    detail: Detail | None = None


#: What a handler says when it comes to its end; an error is an exception.
JobResult: TypeAlias = Done | Again | Postponed


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job at the end of a run, read under the lock of its row: others may have asked for it meanwhile."""

    requests: int
    attempts: int
    #: When the last request wants it to run, if there was one; else when it was due.
    run_at: int
    error: str | None
    has_items: bool


@dataclass(frozen=True, slots=True)
class NextState:
    """What becomes of a job that is let go."""

    state: str
    attempts: int
    run_at: int
    note: str | None = None
    error: str | None = None


def after_result(result: JobResult, job: ClaimedJob, held: HeldJob, now: int) -> NextState:
    """Return what becomes of a job that came to its end: more requests or items left mean once more."""
    if isinstance(result, Postponed):
        note = result.note[:MAX_NOTE_CHARACTERS]
        return NextState(WAITING, held.attempts, result.run_at, note=note, error=held.error)
    if held.requests != job.requests:
        return NextState(WAITING, 0, held.run_at)
    if held.has_items or isinstance(result, Again):
        return NextState(WAITING, 0, now)
    return NextState(DONE, 0, held.run_at)


def after_error(sentence: str, job: ClaimedJob, held: HeldJob, now: int, jitter: float) -> NextState:
    """Return what becomes of a job whose attempt failed; `jitter` is a random number from 0 to 1.

    A request that came meanwhile revives a job that would be given up.
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
    """Return what becomes of a job whose server stops: another one may begin at once."""
    return NextState(WAITING, held.attempts, now, error=held.error)


def pause_after(attempts: int, jitter: float) -> int:
    """Return the microseconds to wait after so many failed attempts; `jitter` is from 0 to 1."""
    pause = min(FIRST_PAUSE_US * 3.0 ** min(attempts - 1, MAX_ATTEMPTS), LONGEST_PAUSE_US)
    return round(pause * (1 + JITTER * jitter))


def fair_order(due: Mapping[int, int], served: Mapping[int, int]) -> list[int]:
    """Order tenants: who was served longest ago comes first, before all who never was, the longest due first.

    Args:
        due: since when each tenant has had something due.
        served: the turn at which each was last served, from 1.
    """
    return sorted(due, key=lambda tenant_id: (served.get(tenant_id, 0), due[tenant_id], tenant_id))
