"""Jobs, which continue after a response, and what models cost."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from mnemos_contract.base import Moment, WireModel


class JobState(StrEnum):
    """State of a job."""

    #: It will run: at once, after a pause, or when a budget allows.
    WAITING = "waiting"
    #: A server is working on it.
    RUNNING = "running"
    #: Everything is done.
    DONE = "done"
    #: It was abandoned after repeated errors; the memories it was to work on are unchanged.
    FAILED = "failed"


class Enrichment(StrEnum):
    """When a language model will enrich what was stored."""

    #: As soon as a server is free; see `job_id`.
    QUEUED = "queued"
    #: When the daily budget allows.
    SKIPPED_BUDGET = "skipped_budget"


class Job(WireModel):
    """One piece of durable work."""

    id: str
    """13 characters, like the id of a memory."""
    kind: Literal["enrich", "redact"]
    """`enrich`: a language model extracts facts, tags and merges. `redact`: secrets are removed from stored
    memories."""
    target: str
    """What it works on, such as `session:<id>` or `memory:<id>`."""
    state: JobState
    """State of the job."""
    attempts: int
    """Failed attempts since the last success."""
    done: int
    """Number of items that are done."""
    total: int
    """Number of items known so far."""
    created_at: Moment
    """When it was first requested, UTC."""
    updated_at: Moment
    """When it last changed, UTC."""
    run_at: Moment
    """Earliest time at which it runs, UTC."""
    note: str | None = None
    """Why it waits, such as `skipped_budget`."""
    error: str | None = None
    """Why the last attempt failed, as a sentence."""
    detail: dict[str, Any] | None = None
    """What was requested, and the result."""


class JobPage(WireModel):
    """A page of jobs."""

    jobs: list[Job]
    """The jobs, latest change first."""


class JobQuery(WireModel):
    """Which jobs to list."""

    state: JobState | None = None
    """Only jobs in this state."""
    limit: int = Field(default=50, ge=1, le=200)
    """Maximum number of jobs, 1 to 200."""


class RedactRequest(WireModel):
    """Redact secrets in everything that is stored."""

    dry_run: bool = True
    """Only count the secrets of each kind; change nothing."""


class Spent(WireModel):
    """What one kind of model cost on one day (UTC)."""

    day: str
    """The day, such as `2026-11-24`."""
    kind: Literal["llm", "embedding"]
    """`llm`: extraction, tags and merges. `embedding`: vectors of a paid model."""
    calls: int
    """Requests to the model."""
    input_tokens: int
    """Tokens sent."""
    output_tokens: int
    """Tokens received."""
    reserved_tokens: int
    """Tokens reserved for calls in progress. Reservations of a server that crashed count as spent."""
    cost: float
    """Cost by the configured prices; 0 without prices."""


class Budget(WireModel):
    """What may be spent on one kind of model today."""

    kind: Literal["llm", "embedding"]
    """The kind of model, as in `Spent`."""
    daily_tokens: int | None = None
    """Maximum number of tokens per tenant and day. Absent: no limit."""
    spent_tokens: int
    """Tokens spent or reserved today."""
    resets_at: Moment
    """When the next day begins, UTC."""


class Usage(WireModel):
    """What models cost this tenant."""

    budgets: list[Budget]
    """Today's budgets."""
    days: list[Spent]
    """The last 31 days with any spending, newest first."""
    currency: str
    """The currency of the prices."""
