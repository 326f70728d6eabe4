"""Work that goes on after an answer, and what models cost."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from mnemos_contract.base import Moment, WireModel


class JobState(StrEnum):
    """Where a job is."""

    #: It will run: at once, after a pause, or when a budget allows.
    WAITING = "waiting"
    #: A server works on it.
    RUNNING = "running"
    #: There was nothing left to do.
    DONE = "done"
    #: It was given up after repeated errors; what it was about stays stored as it is.
    FAILED = "failed"


class Enrichment(StrEnum):
    """Whether a language model will look at what was stored."""

    #: A job will: see `job_id`.
    QUEUED = "queued"
    #: A job will once the day's budget allows.
    SKIPPED_BUDGET = "skipped_budget"


class Job(WireModel):
    """One piece of durable work."""

    id: str
    """13 characters, as those of memories."""
    kind: Literal["enrich", "redact"]
    """`enrich`: a language model extracts, tags and merges. `redact`: secrets are taken out of what is
    stored."""
    target: str
    """What it works on, such as `session:<id>` or `memory:<id>`."""
    state: JobState
    """Where it is."""
    attempts: int
    """Attempts that failed since it last went well."""
    done: int
    """How many items are dealt with."""
    total: int
    """How many there are, as far as is known."""
    created_at: Moment
    """When it was first asked for, UTC."""
    updated_at: Moment
    """When it last changed, UTC."""
    run_at: Moment
    """When it may run, UTC."""
    note: str | None = None
    """Why it waits, such as `skipped_budget`."""
    error: str | None = None
    """What went wrong at the last attempt, in a sentence."""
    detail: dict[str, Any] | None = None
    """What was asked for, and what came of it."""


class JobPage(WireModel):
    """Jobs, the latest change first."""

    jobs: list[Job]
    """The jobs."""


class JobQuery(WireModel):
    """Which jobs to list."""

    state: JobState | None = None
    """In this state only."""
    limit: int = Field(default=50, ge=1, le=200)
    """How many, 1 to 200."""


class RedactRequest(WireModel):
    """Look for secrets in everything that is stored."""

    dry_run: bool = True
    """Count and name them only; nothing is changed."""


class Spent(WireModel):
    """What one kind of model cost on one day (UTC)."""

    day: str
    """Such as `2026-11-24`."""
    kind: Literal["llm", "embedding"]
    """`llm`: extraction, tags and merges. `embedding`: vectors, where they are paid for."""
    calls: int
    """Requests to the model."""
    input_tokens: int
    """Tokens sent."""
    output_tokens: int
    """Tokens that came back."""
    reserved_tokens: int
    """Tokens set aside for calls under way; what a server left behind when it died counts as spent."""
    cost: float
    """Money, by the prices that are set; 0 without prices."""


class Budget(WireModel):
    """What may be spent on one kind of model today."""

    kind: Literal["llm", "embedding"]
    """As in `Spent`."""
    daily_tokens: int | None = None
    """The most a tenant may spend in a day; absent: no limit."""
    spent_tokens: int
    """Spent and set aside today."""
    resets_at: Moment
    """When the next day begins, UTC."""


class Usage(WireModel):
    """What models cost this tenant."""

    budgets: list[Budget]
    """Today's budgets."""
    days: list[Spent]
    """The last 31 days on which something was spent, newest first."""
    currency: str
    """The currency of the prices."""
