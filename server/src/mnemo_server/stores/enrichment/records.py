"""What the store of enrichment takes and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mnemo_server.domain.enrichment.facts import Fact
from mnemo_server.domain.enrichment.merge import MergeDecision
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.stores.records import WrittenMemory

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
