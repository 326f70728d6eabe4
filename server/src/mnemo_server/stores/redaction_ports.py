"""What the sweep for secrets needs of persistence. Each method is one unit of work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from mnemo_server.domain.jobs import ClaimedJob, Detail
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.stores.ports import WrittenMemory

#: Who takes secrets out, for the event log.
REDACTOR: Final = "mnemos"


class Texts(StrEnum):
    """Where texts are kept beside memories."""

    SESSIONS = "sessions"
    EVENTS = "events"
    ANSWERS = "answers"
    JOBS = "jobs"


@dataclass(frozen=True, slots=True)
class KeptTexts:
    """The texts of one row."""

    key: int | str
    stamp: int
    """A time of the row, microseconds UTC: what was written over meanwhile has another one."""
    texts: Mapping[str, str | None]
    """By column."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The next version of a memory, which has marks in place of secrets."""

    current: StoredMemory
    written: WrittenMemory
    without_subject: WrittenMemory | None = None
    """The same for where another memory holds about what its subject or project is called now."""
    found: Counter[str] = field(default_factory=Counter)
    """Secrets by kind."""


class RedactionStore(Protocol):
    """All of a tenant's rows that hold texts, in the order of their keys, and what takes their place.

    `detail` takes the place of the job's in the same transaction, so that a run that breaks off counts
    nothing twice.

    What rewrites raises:
        JobLost: another server has taken the job over; nothing was written.
    """

    async def count(self, tenant_id: int) -> int:
        """Count the rows of memories and of all `Texts`."""

    async def list_memories(self, tenant_id: int, after: int, limit: int) -> list[StoredMemory]:
        """Read memories in every state whose ids are larger than `after`."""

    async def list_texts(self, tenant_id: int, where: Texts, after: int | str, limit: int) -> list[KeptTexts]:
        """Read rows whose keys are larger than `after`."""

    async def rewrite_memories(
        self,
        job: ClaimedJob,
        rewrites: Sequence[Rewrite],
        clean: Callable[[StoredMemory], Rewrite | None],
        detail: Callable[[Sequence[Rewrite]], Detail],
        now: int,
    ) -> list[EntryRow]:
        """Write the next versions of memories, with events that tell nothing of the secrets.

        One that was changed since it was read is cleaned anew. Gives the search entries as they are now.
        """

    async def rewrite_texts(
        self, job: ClaimedJob, where: Texts, rows: Sequence[KeptTexts], detail: Detail, now: int
    ) -> None:
        """Write texts over those of the same rows."""
