"""The state of the server itself: liveness, readiness, embedding, version."""

from __future__ import annotations

from typing import Literal

from mnemos_contract.base import Moment, WireModel


class Health(WireModel):
    """The process responds. The database isn't checked."""

    status: Literal["ok"] = "ok"
    """Always `ok`."""


class Readiness(WireModel):
    """The database responds too."""

    status: Literal["ready"] = "ready"
    """Always `ready`."""
    database: str
    """The engine: `sqlite`, `tidb`, `mysql` or `mariadb`."""


class EmbeddingStatus(WireModel):
    """How many of a tenant's active memories have a vector, by which search finds other wordings too."""

    state: Literal["off", "loading", "ready", "unavailable"]
    """State of the model. `off`: no model is configured, or its budget is 0. `loading`: it is being prepared.
    `unavailable`: see `reason`; meanwhile memories are stored and found by keywords, and embedded later."""
    reason: str | None = None
    """Why the model is unavailable, as a sentence."""
    model: str | None = None
    """Name of the model, once known."""
    dimensions: int | None = None
    """Length of its vectors."""
    total: int
    """Number of active memories, including messages."""
    embedded: int
    """Number of memories with a vector of this model."""
    pending: int
    """Number of memories that wait for a vector; 0 while embedding is off."""
    refused: int
    """Number of memories whose text the model rejects."""
    waiting_for_budget: int | None = None
    """Number of pending memories that wait because the daily budget is spent. They are found by keywords, and
    embedded when the next day begins (UTC) or the budget is raised. Absent: none."""


class Version(WireModel):
    """Version and start time of the server."""

    version: str
    """Version of the server."""
    started_at: Moment
    """When this process started, UTC."""
