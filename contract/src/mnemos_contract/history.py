"""What happened to a memory, and how to undo it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mnemos_contract.base import Moment, WireModel
from mnemos_contract.memories import Memory


class Change(WireModel):
    """One change of a memory."""

    action: Literal["created", "updated", "deleted", "superseded", "restored", "repeated", "redacted"]
    """`superseded`: another memory took its place. `repeated`: somebody stored the same again, and what they
    sent is in `detail`."""
    version: int
    """Version of the memory after the change."""
    happened_at: Moment
    """When, UTC."""
    agent_id: str | None = None
    """The agent that made it."""
    before: dict[str, Any] | None = None
    """Members of the memory as they were before; absent for a creation."""
    detail: dict[str, Any] | None = None
    """Why: `reason`, the ids of other memories concerned and of the job, as far as there are any."""


class History(WireModel):
    """A memory and everything that happened to it."""

    memory: Memory
    """As it is now, deleted or not."""
    changes: list[Change]
    """The latest first, at most 200."""


class RestoreRequest(WireModel):
    """Bring a memory back: from deletion, from being superseded, or to what an earlier version said."""

    version: int | None = Field(default=None, ge=1)
    """The version whose content, tags and metadata shall hold again. Absent: the last one."""
