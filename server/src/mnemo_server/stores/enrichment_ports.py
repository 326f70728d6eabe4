"""What enrichment needs of persistence. Each method is one unit of work: all of it happens, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from mnemo_server.domain.enrichment.facts import Fact, Known
from mnemo_server.domain.enrichment.merge import MergeDecision
from mnemo_server.domain.jobs import ClaimedJob
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.stores.ports import WrittenMemory

#: Who the history names for what a model decided.
ENRICHER: Final = "mnemos"


@dataclass(frozen=True, slots=True)
class ResolvedFact:
    """A fact and what was decided about it."""

    fact: Fact
    decision: MergeDecision
    version: str
    """Which wording of the prompt asked."""


@dataclass(frozen=True, slots=True)
class PlannedFact:
    """A fact as a memory to be, and what was decided about it."""

    written: WrittenMemory
    resolved: ResolvedFact


@dataclass(slots=True)
class Applied:
    """What was written."""

    entries: list[EntryRow] = field(default_factory=list)
    """Every search entry that is another one now."""
    written: list[WrittenMemory] = field(default_factory=list)
    """Memories with a new text."""
    added: int = 0
    updated: int = 0
    superseded: int = 0
    repeated: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How often each of it happened, where it did."""
        names = ("added", "updated", "superseded", "repeated")
        return {name: count for name in names if (count := getattr(self, name))}


class EnrichmentStore(Protocol):
    """What enrichment reads and writes. A job that has passed to another server changes nothing (JobLost)."""

    async def read(self, tenant_id: int, memory_ids: Sequence[int]) -> list[StoredMemory]:
        """Read those of some memories that are active, messages in the order they were said."""

    async def list_known(self, tenant_id: int) -> Known:
        """List the tags used most, and the subjects used last."""

    async def find_subject(
        self, tenant_id: int, project: str | None, subject: str | None
    ) -> list[StoredMemory]:
        """Read what holds about a subject in a project."""

    async def drop(self, job: ClaimedJob, item_ids: Sequence[int], now: int) -> None:
        """Take items out of a job without a result."""

    async def apply(
        self,
        job: ClaimedJob,
        planned: Sequence[PlannedFact],
        item_ids: Sequence[int],
        now: int,
        revise: Callable[[StoredMemory, str], WrittenMemory],
    ) -> Applied:
        """Write facts as they were decided, and take the items out; `revise` gives a memory another text."""

    async def settle(
        self,
        job: ClaimedJob,
        memory_id: int,
        resolved: ResolvedFact,
        now: int,
        tag: Callable[[StoredMemory, Sequence[str]], WrittenMemory],
    ) -> Applied:
        """Give a memory its tags, let it take the place of what it supersedes, and take it out of the job."""
