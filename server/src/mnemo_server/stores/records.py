"""What stores take and return: records that services share with them."""

from __future__ import annotations

from dataclasses import dataclass

from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.index.segments.entries import EntryRow


@dataclass(frozen=True, slots=True)
class WrittenMemory:
    """A version of a memory together with what search needs of it."""

    memory: StoredMemory
    entry: EntryRow


class NoSuchMemory(LookupError):
    """A change names a memory that doesn't exist, or doesn't any more."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store led to."""

    memory: StoredMemory
    """The new memory; or the one that says the same already, unchanged."""
    is_new: bool
    superseded: tuple[int, ...] = ()
    """Ids of the memories whose place it took."""
    job_id: int | None = None
    """The job that was asked for with it."""
    entries: tuple[EntryRow, ...] = ()
    """Every search entry that is another one now."""


@dataclass(frozen=True, slots=True)
class HeldMessages:
    """What a session holds that matters for placing new messages."""

    #: seq and fingerprint of messages, in the order they were said.
    fingerprints: tuple[tuple[int, bytes], ...]
    #: One past the highest seq so far.
    next_seq: int


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a window of messages."""

    written: tuple[WrittenMemory, ...]
    """The new ones."""
    job_id: int | None = None
    """The job that was asked for with them."""


@dataclass(frozen=True, slots=True)
class DeletedMemory:
    """A memory that was just deleted."""

    id: int
    version: int
    deleted_at: int


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key about to be made; the key itself never gets here."""

    key_id: int
    #: sha256 of the key, 32 bytes.
    key_hash: bytes


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key and whether it opens its tenant."""

    key_id: int
    tenant_id: int
    is_active: bool


class NoSuchVersion(LookupError):
    """A memory never had the version that a change names."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A memory that was brought back."""

    memory: StoredMemory
    entries: tuple[EntryRow, ...]
    """Every search entry that is another one now, its own first."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a memory, as the log keeps it."""

    version: int
    action: str
    happened_at: int
    agent_id: str | None
    prior: str | None
    """As `memory.snapshot` wrote it."""
    detail: str | None
    """JSON."""
