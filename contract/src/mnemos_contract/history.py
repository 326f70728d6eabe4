"""What happened to a memory, and how to undo it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mnemos_contract.base import Moment, WireModel
from mnemos_contract.memories import Memory


class Change(WireModel):
    """One change of a memory."""

    action: Literal["created", "updated", "deleted", "superseded", "restored", "repeated", "redacted"]
    """What happened. `superseded`: another memory replaced it. `repeated`: the same was stored again, and
    `detail` contains what was sent."""
    version: int
    """Version of the memory after the change."""
    happened_at: Moment
    """When it happened, UTC."""
    agent_id: str | None = None
    """Agent that made the change."""
    before: dict[str, Any] | None = None
    """Members of the memory before the change. Absent when it was created."""
    detail: dict[str, Any] | None = None
    """Why it happened: `reason`, and ids of other memories and of the job, where there are any."""


class History(WireModel):
    """A memory and everything that happened to it."""

    memory: Memory
    """The memory as it is now, deleted or not."""
    changes: list[Change]
    """Its changes, latest first, at most 200."""


class RestoreRequest(WireModel):
    """Restore a deleted or superseded memory, or an earlier version."""

    version: int | None = Field(default=None, ge=1)
    """Version whose content, tags and metadata become current again. Absent: the last one."""
