"""Records that the store of enrichment takes and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mnemo_server.domain.enrichment.facts import Fact
from mnemo_server.domain.enrichment.merge import MergeDecision
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.stores.records import WrittenMemory

#: The actor that the history names for decisions of a model.
ENRICHER: Final = "mnemos"


@dataclass(frozen=True, slots=True)
class ResolvedFact:
    """A fact and its merge decision."""

    fact: Fact
    decision: MergeDecision
    version: str
    """The version of the prompt that was used."""


@dataclass(frozen=True, slots=True)
class PlannedFact:
    """A fact drafted as a memory, and its merge decision."""

    written: WrittenMemory
    resolved: ResolvedFact


@dataclass(slots=True)
class Applied:
    """The changes that were written."""

    entries: list[EntryRow] = field(default_factory=list)
    """All search entries that changed."""
    written: list[WrittenMemory] = field(default_factory=list)
    """Memories with new text."""
    added: int = 0
    updated: int = 0
    superseded: int = 0
    repeated: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Number of changes by kind, where there were any."""
        names = ("added", "updated", "superseded", "repeated")
        return {name: count for name in names if (count := getattr(self, name))}
