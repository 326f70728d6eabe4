"""Memories on the wire."""

from __future__ import annotations

from enum import StrEnum

from pydantic import JsonValue

from mnemos_contract.base import Moment, WireModel


class MemoryType(StrEnum):
    """Type of a memory."""

    #: Kept exactly as stored; no automatic step changes it.
    PINNED = "pinned"
    #: A statement that an agent stored or that was extracted.
    INSIGHT = "insight"
    #: One message of a session, verbatim.
    SESSION = "session"


class MemoryState(StrEnum):
    """Stage of a memory's life."""

    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"
    DELETED = "deleted"


class Outcome(StrEnum):
    """Result of a store request."""

    #: A new memory, or new messages.
    CREATED = "created"
    #: Nothing new was sent; a repeat of a memory is recorded in that memory's history.
    DUPLICATE = "duplicate"
    #: As `created`, but secrets were redacted first.
    REDACTED = "redacted"


class Memory(WireModel):
    """One durable statement with its origin and state. Absent members are left out."""

    id: str
    """13 characters of lower-case Crockford base32; sorts by age."""
    content: str
    """The text."""
    memory_type: MemoryType
    """Type of the memory."""
    state: MemoryState
    """Stage of its life."""
    version: int
    """Counts from 1; each change adds exactly one."""
    created_at: Moment
    """When it was stored, UTC."""
    updated_at: Moment
    """When its current version was written, UTC."""
    tags: list[str] | None = None
    """Its tags, in the order in which they were sent."""
    metadata: JsonValue = None
    """Any JSON that was stored with it."""
    source: str | None = None
    """Where it comes from. Default: the agent that stored it."""
    agent_id: str | None = None
    """Agent that it belongs to."""
    session_id: str | None = None
    """Session that it comes from."""
    project: str | None = None
    """Project that it belongs to. Absent: it applies everywhere."""
    updated_by: str | None = None
    """Agent that wrote the current version."""
    subject: str | None = None
    """Key of a fact with one current value, such as `user/employer`. The newest memory of a subject is
    current."""
    superseded_by: str | None = None
    """Id of the memory that superseded it. Lists and searches leave out superseded memories by default."""
    superseded_at: Moment | None = None
    """When it was superseded, UTC."""
    derived_from: list[str] | None = None
    """Ids of the messages or memories that it was extracted from."""
    relative_age: str | None = None
    """In lists and searches: age in words, such as "2 days ago"."""
    score: float | None = None
    """In searches: probability that the memory answers the query, 0 to 1."""
    confidence: int | None = None
    """In searches: the score in percent, 0 to 100."""
    suggested_tags: list[str] | None = None
    """After an update with `suggest_tags`: tags of the most similar memories."""
    explanation: dict[str, float] | None = None
    """In searches with `explain`: the parts of the score, which add up to it."""


class MemoryPage(WireModel):
    """A page of memories, and the number of matches in total."""

    memories: list[Memory]
    """The memories of this page."""
    total: int
    """Total matches. In a search this includes messages shown only as context of a match."""
    limit: int
    """The page size that was used."""
    offset: int
    """Number of matches before this page."""
