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


class Version(WireModel):
    """What runs here, and since when."""

    version: str
    """Version of the server."""
    started_at: Moment
    """When this process started, UTC."""
