"""What the services need of the past of memories. Each method is one unit of work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.memories.memory import Actor, StoredMemory
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.stores.ports import KeptAnswer, Receipt, WrittenMemory


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
