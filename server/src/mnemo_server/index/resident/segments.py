"""The index of one tenant while it is in memory: segments, a tail of new rows, and recently seen changes.

Everything here runs on the event loop and does no I/O. Ranking uses `segments`, a tuple of immutable values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.index.segments.merge import find_merge_start, merge_segments
from mnemo_server.index.segments.segment import Segment, build_segment
from mnemo_server.index.segments.vectors import NO_VECTORS, VectorSpace

TAIL_ROWS = 256
"""Rows that may wait for the next search; more rows are built into a segment at once, in about 1 ms."""

INLINE_POSTINGS = 100_000
"""Merging more postings than this takes more than about 5 ms and is done outside the event loop."""

RECENT_BYTES = 200  # a dictionary entry with its numbers
_PRUNE_SLACK = 1024  # outdated recent rows that may accumulate before they are removed


@dataclass(frozen=True, slots=True)
class Merge:
    """Work for a thread: merge these segments, which begin at position `start`."""

    start: int
    sources: tuple[Segment, ...]


class ResidentTenant:
    """The searchable index of one tenant; knows the newest revision of every memory that it has seen."""

    def __init__(self, segments: tuple[Segment, ...] = (), space: VectorSpace = NO_VECTORS) -> None:
        self.segments = segments
        self.space = space
        self._tail: list[EntryRow] = []
        self._recent: dict[int, tuple[int, int]] = {}  # memory_id -> revision, changed_at; deleted ones too
        self._recent_target = 0
        self._merging: Merge | None = None
        self._segments_bytes = 0
        self._set_segments(segments)

    @property
    def size_bytes(self) -> int:
        """Approximate RAM in bytes."""
        return self._segments_bytes + RECENT_BYTES * (len(self._recent) + 2 * len(self._tail))

    def note(self, rows: Iterable[EntryRow]) -> None:
        """Add rows cheaply; they are searchable after the next `fold`."""
        self._tail.extend(rows)
        if len(self._tail) > TAIL_ROWS:
            self.fold()

    def fold(self) -> None:
        """Build the waiting rows into the segments."""
        rows, self._tail = self._tail, []
        if rows:
            self.install(*prepare(rows, self.space))

    def install(self, segment: Segment, rows: Sequence[EntryRow]) -> None:
        """Add prepared rows: the newest revision of each entry stays, whatever the order of arrival."""
        memory_ids = np.fromiter((row.memory_id for row in rows), dtype=np.int64, count=len(rows))
        revisions = np.fromiter((row.revision for row in rows), dtype=np.int64, count=len(rows))
        is_stale = self._held_revisions(memory_ids) >= revisions
        stale = segment.find_ordinals(memory_ids[is_stale])
        stale = stale[stale >= 0]
        if len(stale):
            segment = segment.without(stale)
        segments = [*bury(self.segments, memory_ids[~is_stale])]
        if segment.live_count:
            segments.append(segment)
        for row, skip in zip(rows, is_stale.tolist(), strict=True):
            if not skip:
                self._recent[row.memory_id] = (row.revision, row.changed_at)
        self._set_segments(tuple(segments))
        self._merge_small()

    def find_unseen(self, changes: Sequence[tuple[int, int, int]]) -> dict[int, tuple[int, int]]:
        """Return memory_id -> (revision, changed_at) of the changes that are newer than this index."""
        self.fold()
        recent, nothing = self._recent, (-1, 0)
        new = [change for change in changes if recent.get(change[0], nothing)[0] < change[1]]
        if not new:
            return {}
        held = self._held_revisions(np.array([change[0] for change in new], dtype=np.int64)).tolist()
        unseen: dict[int, tuple[int, int]] = {}
        for (memory_id, revision, changed_at), held_revision in zip(new, held, strict=True):
            if held_revision < revision:
                unseen[memory_id] = (revision, changed_at)
            else:
                recent[memory_id] = (held_revision, changed_at)
        return unseen

    def forget_before(self, changed_at: int) -> None:
        """Drop the recent revisions of rows that no refresh will list again."""
        if len(self._recent) > 2 * self._recent_target + _PRUNE_SLACK:
            self._recent = {key: seen for key, seen in self._recent.items() if seen[1] >= changed_at}
            self._recent_target = len(self._recent)

    def begin_merge(self) -> Merge | None:
        """Return the merge that is due, or None; its segments keep their places until `finish_merge`."""
        if self._merging is None and (start := find_merge_start(self.segments)) is not None:
            self._merging = Merge(start, self.segments[start:])
            return self._merging
        return None

    def finish_merge(self, merged: Segment | None) -> None:
        """Install the merged segment; documents that died in the sources meanwhile are dead in it too."""
        merge, self._merging = self._merging, None
        if merge is None or merged is None:
            return
        end = merge.start + len(merge.sources)
        for before, now in zip(merge.sources, self.segments[merge.start : end], strict=True):
            if before is not now:
                died = merged.find_ordinals(before.memory_ids[before.alive & ~now.alive])
                merged = merged.without(died[died >= 0])
        joined = (merged,) if merged.live_count else ()
        self._set_segments((*self.segments[: merge.start], *joined, *self.segments[end:]))

    def _held_revisions(self, memory_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the newest known revision of each memory, -1 for an unknown memory."""
        recent, nothing = self._recent, (-1, 0)
        known = (recent.get(memory_id, nothing)[0] for memory_id in memory_ids.tolist())
        held = np.fromiter(known, dtype=np.int64, count=len(memory_ids))
        for segment in self.segments:
            ordinals = segment.find_ordinals(memory_ids)
            held = np.where(ordinals >= 0, np.maximum(held, segment.revisions[ordinals]), held)
        return held

    def _merge_small(self) -> None:
        """Merge small segments at once; leave larger merges to `begin_merge`."""
        begin = self._merging.start + len(self._merging.sources) if self._merging else 0
        start = find_merge_start(self.segments, begin)
        while start is not None and _posting_count(self.segments[start:]) > INLINE_POSTINGS:
            start = find_merge_start(self.segments, start + 1)
        if start is not None:
            merged = merge_segments(self.segments[start:])
            joined = (merged,) if merged.live_count else ()
            self._set_segments((*self.segments[:start], *joined))

    def _set_segments(self, segments: tuple[Segment, ...]) -> None:
        self.segments = segments
        self._segments_bytes = sum(segment.size_bytes for segment in segments)


def prepare(rows: Iterable[EntryRow], space: VectorSpace = NO_VECTORS) -> tuple[Segment, list[EntryRow]]:
    """Return the arguments of `install`: a segment of the active rows, and the newest row of each memory."""
    newest: dict[int, EntryRow] = {}
    for row in rows:
        if row.memory_id not in newest or newest[row.memory_id].revision < row.revision:
            newest[row.memory_id] = row
    active = [row for row in newest.values() if row.is_active]
    return build_segment(active, space), list(newest.values())


def bury(segments: Sequence[Segment], memory_ids: NDArray[np.int64]) -> Iterable[Segment]:
    """Yield the segments with these memories marked as dead."""
    for segment in segments:
        ordinals = segment.find_ordinals(memory_ids)
        ordinals = ordinals[ordinals >= 0]
        yield segment.without(ordinals) if len(ordinals) else segment


def _posting_count(segments: Sequence[Segment]) -> int:
    return sum(len(segment.ordinals) for segment in segments)
