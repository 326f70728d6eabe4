"""What the services need of persistence. Each method is one unit of work: all of it happens, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from mnemo_server.domain.budget import Kind, Reservation
from mnemo_server.domain.clock import MICROSECONDS
from mnemo_server.domain.filters import MemoryFilter
from mnemo_server.domain.jobs import JobRequest
from mnemo_server.domain.memory import Actor, StoredMemory
from mnemo_server.index.entries import EntryRow

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


class NoSuchVersion(LookupError):
    """A memory never had the version that a change names."""


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
class NewVector:
    """What a model made of the text of a search entry."""

    entry: EntryRow
    """As it was when its text was read."""
    vector_code: bytes | None
    """None: the model will never take this text."""
    token_codes: bytes = b""
    components: tuple[float, ...] = ()
    """The vector itself; databases that can't search by it leave it."""


@dataclass(frozen=True, slots=True)
class Share:
    """One of so many equal parts of all memories, by their ids."""

    number: int
    count: int


EVERYTHING: Final = Share(0, 1)


@dataclass(frozen=True, slots=True)
class KnownModel:
    """An embedding model that some server has started with; the one chosen last embeds for all."""

    model_id: int
    name: str
    dimensions: int
    chosen_at: int


@dataclass(frozen=True, slots=True)
class VectorCount:
    """How many active search entries were given to a model, and how many of them have a vector."""

    total: int
    embedded: int


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


@dataclass(frozen=True, slots=True)
class Spending:
    """What one call of a model really took."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nanos: int = 0
    """Billionths of the currency."""


NOTHING_SPENT: Final = Spending()


@dataclass(frozen=True, slots=True)
class DaySpent:
    """What one kind of model took of a tenant on one day."""

    day: int
    kind: Kind
    calls: int
    reserved_tokens: int
    input_tokens: int
    output_tokens: int
    cost_nanos: int

    @property
    def tokens(self) -> int:
        """Spent and set aside."""
        return self.reserved_tokens + self.input_tokens + self.output_tokens


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


class HistoryStore(Protocol):
    """What happened to memories, how they were before, and the way back."""

    async def find_history(
        self, tenant_id: int, memory_id: int, limit: int
    ) -> tuple[StoredMemory, list[Event]] | None:
        """Read a memory in any state, and its latest events, the latest first."""

    async def restore(
        self,
        tenant_id: int,
        memory_id: int,
        version: int | None,
        actor: Actor,
        *,
        revive: Callable[[StoredMemory, StoredMemory | None, int], WrittenMemory],
        sign: Callable[[StoredMemory], Receipt] | None,
    ) -> Restored | KeptAnswer:
        """Let a memory hold again: as it is, or as it was in an earlier version.

        It takes the place of what holds about its subject by now, and of the memory that had taken its own:
        unless that one came by a decision about the two that this takes back. `revive` makes the next
        version of the current one, the earlier one if there is one, and the time.

        Raises:
            NoSuchMemory: there never was such a memory.
            NoSuchVersion: it never had this version.
        """

    async def find_many_at(
        self, tenant_id: int, memory_ids: Sequence[int], as_of: int
    ) -> dict[int, StoredMemory]:
        """Read those of some memories that exist, by id, as they were at a time, in any state."""

    async def list_page_at(
        self, tenant_id: int, wanted: MemoryFilter, as_of: int, *, limit: int, offset: int
    ) -> tuple[list[StoredMemory], int]:
        """List memories as they were at a time, newest change first, and count all that matched then."""


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


class VectorStore(Protocol):
    """The vectors of search entries, and the models that made them. Models are named by their numbers."""

    async def register_model(self, name: str, dimensions: int, now: int) -> int:
        """Give the number of a model, from 1 on, and make it the one chosen last."""

    async def list_models(self) -> list[KnownModel]:
        """List all models, the one chosen last at the end."""

    async def find_unembedded(
        self,
        model_ids: Sequence[int],
        *,
        limit: int,
        before: int,
        passing_over: Collection[int] = (),
        share: Share = EVERYTHING,
    ) -> list[WrittenMemory]:
        """Read memories whose text was given to one of these models, 0 for none.

        Of any tenant except those to pass over, however much of theirs there is. Only active ones, whose
        entries were changed before a time.
        """

    async def find_current(self, tenant_id: int, entries: Sequence[EntryRow]) -> list[bool]:
        """Say of each of some entries whether it is still as it was read: not changed, nor given a vector."""

    async def write(
        self, tenant_id: int, model_id: int, vectors: Sequence[NewVector], now: int
    ) -> list[EntryRow]:
        """Write vectors of a tenant's entries together, and give those entries as they are now.

        An entry that was changed since it was read is passed over.
        """

    async def count_waiting(self, model_ids: Sequence[int]) -> dict[int, int]:
        """Count the active entries of all tenants that were given to these models, 0 for none."""

    async def count_waiting_of_tenants(self, model_ids: Sequence[int], tenant_ids: Collection[int]) -> int:
        """Count the active entries of some tenants that were given to these models, 0 for none."""

    async def count_by_model(self, tenant_id: int) -> dict[int, VectorCount]:
        """Count a tenant's active entries by the model that they were given to, 0 for none."""


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


class UsageStore(Protocol):
    """The ledger of what models cost."""

    async def reserve(self, wanted: Reservation, daily_tokens: int | None) -> bool:
        """Set tokens aside unless the day would then have more than `daily_tokens`; whether it was done."""

    async def settle(self, reservation: Reservation, spent: Spending = NOTHING_SPENT) -> None:
        """Put what a call really took in the place of what was set aside for it."""

    async def list_spent(self, tenant_id: int, limit: int) -> list[DaySpent]:
        """List what a tenant spent by day and kind, the latest day first; at most so many rows."""
