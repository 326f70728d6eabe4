"""Which memories a list or a search is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mnemo_server.domain.memory import ACTIVE, StoredMemory


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
    #: Microseconds UTC: made then or later.
    created_from: int | None = None
    #: Microseconds UTC: made earlier.
    created_before: int | None = None

    def required(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Give every condition but state and time as a field and the values of which one must be there."""
        for tag in self.tags:
            yield "tag", (tag,)
        if self.tags_any:
            yield "tag", self.tags_any
        if self.memory_types:
            yield "memory_type", self.memory_types
        for field in ("source", "agent_id", "session_id", "project"):
            value = getattr(self, field)
            if value:
                yield field, (value,)

    def admits(self, memory: StoredMemory) -> bool:
        """Whether a memory meets every condition."""
        return (
            memory.state in self.states
            and self._admits_time(memory)
            and all(
                not held.isdisjoint(wanted)
                for held, wanted in ((facets_of(memory, field), values) for field, values in self.required())
            )
        )

    def _admits_time(self, memory: StoredMemory) -> bool:
        is_late = self.created_from is None or memory.created_at >= self.created_from
        return is_late and (self.created_before is None or memory.created_at < self.created_before)


def facets_of(memory: StoredMemory, field: str) -> frozenset[str]:
    """Give the values of a memory in a field that can be filtered by."""
    if field == "tag":
        return frozenset(memory.tags)
    value = getattr(memory, field)
    return frozenset() if value is None else frozenset((value,))


#: Every field that can be filtered by.
FILTER_FIELDS = ("tag", "memory_type", "source", "agent_id", "session_id", "project")
