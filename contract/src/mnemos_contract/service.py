"""How the server itself is: liveness, readiness, version."""

from __future__ import annotations

from typing import Literal

from mnemos_contract.base import Moment, WireModel


class Health(WireModel):
    """The process answers. The database isn't asked."""

    status: Literal["ok"] = "ok"


class Readiness(WireModel):
    """The database answers too."""

    status: Literal["ready"] = "ready"
    #: sqlite, tidb, mysql or mariadb.
    database: str


class Version(WireModel):
    """What runs here, and since when."""

    version: str
    started_at: Moment
