"""Records that stores take and return, and that services share with them."""

from __future__ import annotations

from dataclasses import dataclass

from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.index.segments.entries import EntryRow


@dataclass(frozen=True, slots=True)
class WrittenMemory:
    """A version of a memory together with its search entry."""

    memory: StoredMemory
    entry: EntryRow


class NoSuchMemory(LookupError):
    """A change names a memory that doesn't exist, or no longer exists."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The outcome of storing a memory."""

    memory: StoredMemory
    """The new memory; for a repeat, the unchanged memory that already says the same."""
    is_new: bool
    superseded: tuple[int, ...] = ()
    """Ids of the memories that it superseded."""
    job_id: int | None = None
    """The job that was requested with it."""
    entries: tuple[EntryRow, ...] = ()
    """All search entries that changed."""


@dataclass(frozen=True, slots=True)
class HeldMessages:
    """The stored messages of a session that matter for placing new ones."""

    #: seq and fingerprint of each message, in the order they were said.
    fingerprints: tuple[tuple[int, bytes], ...]
    #: One past the highest seq so far.
    next_seq: int


@dataclass(frozen=True, slots=True)
class Appended:
    """The outcome of appending a window of messages."""

    written: tuple[WrittenMemory, ...]
    """The new messages."""
    job_id: int | None = None
    """The job that was requested with them."""


@dataclass(frozen=True, slots=True)
class DeletedMemory:
    """A memory that was just deleted."""

    id: int
    version: int
    deleted_at: int


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be created; the key itself never reaches the store."""

    key_id: int
    #: sha256 of the key, 32 bytes.
    key_hash: bytes


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key, and whether it grants access to its tenant."""

    key_id: int
    tenant_id: int
    is_active: bool


class NoSuchVersion(LookupError):
    """A change names a version that the memory never had."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored memory."""

    memory: StoredMemory
    entries: tuple[EntryRow, ...]
    """All search entries that changed, its own first."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a memory, as the event log records it."""

    version: int
    action: str
    happened_at: int
    agent_id: str | None
    prior: str | None
    """As `memory.snapshot` wrote it."""
    detail: str | None
    """JSON."""
