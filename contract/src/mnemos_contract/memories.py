"""Memories on the wire."""

from __future__ import annotations

from enum import StrEnum

from pydantic import JsonValue

from mnemos_contract.base import Moment, WireModel


class MemoryType(StrEnum):
    """What kind of memory a row is."""

    #: Stored by hand to stay as it is; no automatic step changes it.
    PINNED = "pinned"
    #: A statement that an agent stored or that was extracted.
    INSIGHT = "insight"
    #: One message of a session, verbatim.
    SESSION = "session"


class MemoryState(StrEnum):
    """Where a memory is in its life."""

    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"
    DELETED = "deleted"


class Outcome(StrEnum):
    """What a store request led to."""

    #: A new memory, or new messages.
    CREATED = "created"
    #: Everything sent was already there; a repeat of a memory is kept in that memory's history.
    DUPLICATE = "duplicate"
    #: As `created`, but secrets were taken out first.
    REDACTED = "redacted"


class Memory(WireModel):
    """One durable statement, with where it comes from and where it stands. Absent members are left out."""

    id: str
    """13 characters of lower-case Crockford base32; sorts by age."""
    content: str
    """The text."""
    memory_type: MemoryType
    """What kind it is."""
    state: MemoryState
    """Where it is in its life."""
    version: int
    """Counts from 1; each update adds exactly one."""
    created_at: Moment
    """When it was stored, UTC."""
    updated_at: Moment
    """When its present version was written, UTC."""
    tags: list[str] | None = None
    """Its tags, in the order given."""
    metadata: JsonValue = None
    """Any JSON that was kept with it."""
    source: str | None = None
    """Where it comes from; by default the agent that stored it."""
    agent_id: str | None = None
    """The agent it belongs to."""
    session_id: str | None = None
    """The session it comes from."""
    project: str | None = None
    """The project it belongs to; absent: known everywhere."""
    updated_by: str | None = None
    """The agent that wrote the present version."""
    subject: str | None = None
    """What it says something about, such as `user/employer`; the newest memory of a subject holds."""
    superseded_by: str | None = None
    """Id of the memory that took its place: lists and searches leave it out unless they are asked."""
    superseded_at: Moment | None = None
    """Since when, UTC."""
    derived_from: list[str] | None = None
    """Ids of the messages or memories that it was made of."""
    relative_age: str | None = None
    """Age in words, such as "2 days ago"; in lists and searches."""
    score: float | None = None
    """0 to 1; in searches."""
    confidence: int | None = None
    """0 to 100: the score in percent, which is how probable it is that this answers; in searches."""
    suggested_tags: list[str] | None = None
    """Tags of the nearest memories, after an update that asked for them."""
    explanation: dict[str, float] | None = None
    """What the score is made of; in searches that ask for it. The parts add up to the score."""


class MemoryPage(WireModel):
    """A page of memories, and how many there are in all."""

    memories: list[Memory]
    """The rows of this page."""
    total: int
    """How many match in all; in a search, messages that are shown for what stands beside them count too."""
    limit: int
    """The page size that was used."""
    offset: int
    """How many were skipped."""
