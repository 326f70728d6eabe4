"""The scope of a search: the memories that it ranks.

It is exact: a memory that is ranked but not shown would shift the pages after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemo_server.index.segments.entries import hash_terms
from mnemo_server.index.segments.segment import Segment


@dataclass(frozen=True, slots=True)
class Scope:
    """Conditions that must all be met."""

    required: Sequence[Sequence[str]] = ()
    """At least one facet of each group."""
    created_from: int | None = None
    """Microseconds UTC; memories created then or later."""
    created_before: int | None = None
    """Microseconds UTC; memories created earlier."""
    excluded: Sequence[str] = ()
    """None of these facets."""
    without: Sequence[int] = ()
    """None of these memories, such as the one whose neighbours are wanted."""


EVERYTHING = Scope()


class ScopeFilter:
    """A scope applied to segments; it keeps its results for each segment as long as it exists."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._groups = [hash_terms(group) for group in scope.required]
        self._excluded = hash_terms(scope.excluded)
        self._masks: dict[int, NDArray[np.bool_] | None] = {}

    def find_allowed(self, segment: Segment) -> NDArray[np.bool_] | None:
        """Return for each document whether it is alive and within the scope; None when all are."""
        if id(segment) not in self._masks:
            self._masks[id(segment)] = self._apply(segment)
        return self._masks[id(segment)]

    def _apply(self, segment: Segment) -> NDArray[np.bool_] | None:
        conditions = [] if segment.live_count == len(segment.alive) else [segment.alive]
        conditions += [_mark(segment, segment.find_postings(group)) for group in self._groups]
        # Few segments have such postings, and a search without a mask is faster.
        if some := [where for where in segment.find_postings(self._excluded) if where.start < where.stop]:
            conditions.append(~_mark(segment, some))
        if self._scope.without:
            conditions.append(~np.isin(segment.memory_ids, np.array(self._scope.without, dtype=np.int64)))
        if self._scope.created_from is not None:
            conditions.append(segment.created >= self._scope.created_from)
        if self._scope.created_before is not None:
            conditions.append(segment.created < self._scope.created_before)
        return np.logical_and.reduce(conditions) if conditions else None


def _mark(segment: Segment, postings: Sequence[slice]) -> NDArray[np.bool_]:
    """Return which documents have one of these postings."""
    has_facet = np.zeros(len(segment.alive), dtype=np.bool_)
    for where in postings:
        has_facet[segment.ordinals[where]] = True
    return has_facet
