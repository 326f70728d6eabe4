"""Which memories a list or a search is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mnemo_server.domain.memories.memory import ACTIVE, StoredMemory

#: What a superseded memory has in its field: memories without are the ones that hold.
SUPERSEDED: Final = ("superseded", "yes")


@dataclass(frozen=True, slots=True)
class MemoryFilter:
    """Conditions that must hold together; an empty one always holds."""

    #: Any of these states.
    states: tuple[str, ...] = (ACTIVE,)
    #: Any of these types.
    memory_types: tuple[str, ...] = ()
    #: All of these tags.
    tags: tuple[str, ...] = ()
    #: Any of these tags.
    tags_any: tuple[str, ...] = ()
    source: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    project: str | None = None
    subject: str | None = None
    #: Microseconds UTC: made then or later.
    created_from: int | None = None
    #: Microseconds UTC: made earlier.
    created_before: int | None = None
    #: Also memories whose place others took.
    with_superseded: bool = False
    #: Microseconds UTC: the conditions hold for memories as they were then. None: as they are now.
    as_of: int | None = None

    def required(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield every condition but state and time as a field and the values of which one must be there."""
        for tag in self.tags:
            yield "tag", (tag,)
        if self.tags_any:
            yield "tag", self.tags_any
        if self.memory_types:
            yield "memory_type", self.memory_types
        for field in ("source", "agent_id", "session_id", "project", "subject"):
            value = getattr(self, field)
            if value:
                yield field, (value,)

    def excluded(self) -> Iterator[tuple[str, str]]:
        """Yield what may not be there now. The past is decided by memories as they were."""
        if not self.with_superseded and self.as_of is None:
            yield SUPERSEDED

    @property
    def known_before(self) -> int | None:
        """Made earlier, by `created_before` and `as_of` together."""
        limits = [self.created_before, None if self.as_of is None else self.as_of + 1]
        return min((limit for limit in limits if limit is not None), default=None)

    def admits(self, memory: StoredMemory) -> bool:
        """Whether a memory, as it was at `as_of`, meets every condition."""
        return (
            memory.state in self.states
            and (self.with_superseded or memory.superseded_by is None)
            and self._admits_time(memory)
            and all(
                not held.isdisjoint(wanted)
                for held, wanted in ((facets_of(memory, field), values) for field, values in self.required())
            )
        )

    def _admits_time(self, memory: StoredMemory) -> bool:
        is_late = self.created_from is None or memory.created_at >= self.created_from
        return is_late and (self.known_before is None or memory.created_at < self.known_before)


def facets_of(memory: StoredMemory, field: str) -> frozenset[str]:
    """Return the values of a memory in a field that can be filtered by."""
    if field == "tag":
        return frozenset(memory.tags)
    if field == SUPERSEDED[0]:
        return frozenset(() if memory.superseded_by is None else SUPERSEDED[1:])
    value = getattr(memory, field)
    return frozenset() if value is None else frozenset((value,))


#: Every field that can be filtered by.
FILTER_FIELDS = (
    "tag",
    "memory_type",
    "source",
    "agent_id",
    "session_id",
    "project",
    "subject",
    SUPERSEDED[0],
)
