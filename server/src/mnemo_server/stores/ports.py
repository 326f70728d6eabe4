"""What the services need of persistence. Each method is one unit of work: all of it happens, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from mnemo_server.domain.clock import MICROSECONDS
from mnemo_server.domain.jobs import JobRequest
from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.memories.memory import Actor, StoredMemory
from mnemo_server.index.segments.entries import EntryRow

#: How long the answer to a request with an Idempotency-Key is kept, in microseconds: 24 hours.
ANSWERS_KEPT_FOR: Final = 24 * 3_600 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class WrittenMemory:
    """A version of a memory together with what search needs of it."""

    memory: StoredMemory
    entry: EntryRow


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered: HTTP status and JSON text."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """An answer to keep under the caller's Idempotency-Key, in the transaction of the change."""

    key: str
    #: sha256 of the request, 32 bytes.
    request_hash: bytes
    answer: Answer


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer that was given before."""

    request_hash: bytes
    answer: Answer


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


class MemoryStore(Protocol):
    """Memories with their tags, search entries and events."""

    async def create(
        self,
        written: WrittenMemory,
        actor: Actor,
        sign: Callable[[Stored], Receipt] | None,
        *,
        replaces: int | None = None,
        job: JobRequest | None = None,
    ) -> Stored | KeptAnswer:
        """Store a new memory, unless one that holds says the same: then the log keeps what was sent.

        With a new memory `job` is asked for.

        It takes the place of what holds about its subject, and of the memory with the id `replaces`. `sign`
        makes the receipt of what came of it; the earlier answer comes back when its key was used before.

        Raises:
            NoSuchMemory: there is no active memory with the id `replaces`.
        """

    async def find(self, tenant_id: int, memory_id: int) -> StoredMemory | None:
        """Read one active memory."""

    async def find_many(self, tenant_id: int, memory_ids: Sequence[int]) -> dict[int, StoredMemory]:
        """Read those of some memories that are active, by id."""

    async def list_page(
        self,
        tenant_id: int,
        wanted: MemoryFilter,
        *,
        limit: int,
        offset: int,
        unchanged_since: int | None = None,
    ) -> tuple[list[StoredMemory], int]:
        """List memories as they are now, newest change first, and count all that match.

        Messages are left out, and what was changed later than `unchanged_since`.
        """

    async def update(
        self,
        tenant_id: int,
        memory_id: int,
        revise: Callable[[StoredMemory], WrittenMemory],
        actor: Actor,
    ) -> WrittenMemory | None:
        """Replace an active memory by what `revise` makes of it; None when there is none."""

    async def delete(
        self, tenant_id: int, memory_ids: Sequence[int], actor: Actor, now: int
    ) -> list[DeletedMemory]:
        """Delete those of some memories that aren't deleted yet, keeping their last state in the log."""

    async def exists(self, tenant_id: int, memory_id: int) -> bool:
        """Whether there is or was such a memory, in any state."""


class SessionStore(Protocol):
    """Sessions and their messages."""

    async def append(
        self,
        tenant_id: int,
        session_id: str,
        actor: Actor,
        now: int,
        *,
        seqs: Sequence[int] | None,
        window_length: int,
        place: Callable[[HeldMessages], Sequence[WrittenMemory]],
        sign: Callable[[Appended], Receipt] | None,
        job: Callable[[Sequence[int]], JobRequest | None],
    ) -> KeptAnswer | Appended:
        """Append what `place` makes of the window, with the session's row locked.

        `seqs` limits the held messages to the span of those places; None asks for the latest, enough to align
        a window of `window_length`. `sign` makes the receipt of what was stored, and `job` the job to ask for
        about new messages; the earlier answer comes back when its key was used before.
        """

    async def measure_messages(
        self, tenant_id: int, session_ids: Sequence[str], limit_per_session: int
    ) -> int:
        """Say how much text `list_messages` would give, in bytes or characters."""

    async def list_messages(
        self, tenant_id: int, session_ids: Sequence[str], limit_per_session: int
    ) -> list[StoredMemory]:
        """Read the latest messages of each session, by session, in the order they were said."""


class InstallationStore(Protocol):
    """Values that a database is given once and keeps."""

    async def keep(self, name: str, proposal: bytes, now: int) -> bytes:
        """Give the value of this name, which is the proposal of whoever came first."""


class TenantStore(Protocol):
    """Tenants, keys and the answers kept for them."""

    async def create(self, tenant_id: int, name: str, key: NewKey, now: int) -> None:
        """Make a tenant and its first key."""

    async def create_first(self, name: str, key: NewKey, now: int) -> bool:
        """Make the first tenant and its key unless the database has one already; whether it was made."""

    async def find_key(self, key_hash: bytes) -> KeyRecord | None:
        """Look a key up by its hash."""

    async def remove_answers(self, before: int) -> int:
        """Forget the answers kept from before a time; how many there were."""
