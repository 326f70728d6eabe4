"""Which memories a list or a search is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mnemo_server.domain.memories.memory import ACTIVE, StoredMemory

#: The field of a superseded memory and its value: memories without it are current.
SUPERSEDED: Final = ("superseded", "yes")


@dataclass(frozen=True, slots=True)
class MemoryFilter:
    """Conditions that must all be met; an empty condition is always met."""

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
    #: Microseconds UTC: created then or later.
    created_from: int | None = None
    #: Microseconds UTC: created earlier.
    created_before: int | None = None
    #: Also include superseded memories.
    with_superseded: bool = False
    #: Microseconds UTC: apply the conditions to memories as they were then. None: as they are now.
    as_of: int | None = None

    def required(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield every condition but state and time: a field, and the values of which it must have one."""
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
        """Yield fields and values that a memory must not have now; the past depends on earlier versions."""
        if not self.with_superseded and self.as_of is None:
            yield SUPERSEDED

    @property
    def known_before(self) -> int | None:
        """The time before which a memory must be created, by `created_before` and `as_of` together."""
        limits = [self.created_before, None if self.as_of is None else self.as_of + 1]
        return min((limit for limit in limits if limit is not None), default=None)

    def admits(self, memory: StoredMemory) -> bool:
        """Return whether a memory, as it was at `as_of`, meets every condition."""
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
    """Return the values that a memory has in a filterable field."""
    if field == "tag":
        return frozenset(memory.tags)
    if field == SUPERSEDED[0]:
        return frozenset(() if memory.superseded_by is None else SUPERSEDED[1:])
    value = getattr(memory, field)
    return frozenset() if value is None else frozenset((value,))


#: Every filterable field.
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
