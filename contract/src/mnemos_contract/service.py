"""How the server itself is: liveness, readiness, version."""

from __future__ import annotations

from typing import Literal

from mnemos_contract.base import Moment, WireModel


class Health(WireModel):
    """The process answers. The database isn't asked."""

    status: Literal["ok"] = "ok"
    """Always `ok`."""


class Readiness(WireModel):
    """The database answers too."""

    status: Literal["ready"] = "ready"
    """Always `ready`."""
    database: str
    """sqlite, tidb, mysql or mariadb."""


class EmbeddingStatus(WireModel):
    """How far a tenant's active memories have vectors, which let search find what is worded otherwise."""

    state: Literal["off", "loading", "ready", "unavailable"]
    """`off`: no model is set, or its budget is 0. `loading`: it is being prepared. `unavailable`: see
    `reason`; memories are stored and found by their words meanwhile, and get their vectors later."""
    reason: str | None = None
    """Why the model is unavailable, in a sentence."""
    model: str | None = None
    """Name of the model, once it is known."""
    dimensions: int | None = None
    """Length of its vectors."""
    total: int
    """Active memories, messages included."""
    embedded: int
    """Those with a vector of this model."""
    pending: int
    """Those that wait for one; 0 while embedding is off."""
    refused: int
    """Those whose text the model will never take."""
    waiting_for_budget: int | None = None
    """Those of the pending ones that have no vector because the day's budget is spent: they are found by
    their words, and get it when the next day begins (UTC) or the budget is raised. Absent: none."""


class Version(WireModel):
    """What runs here, and since when."""

    version: str
    """Version of the server."""
    started_at: Moment
    """When this process started, UTC."""
