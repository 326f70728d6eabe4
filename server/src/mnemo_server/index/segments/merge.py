"""Merges segments into one, and decides which segments are worth merging."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnemo_server.index.segments.segment import Segment, order_threads

GROWTH = 4
"""Each segment has at least this many times the documents of the next, so their number is logarithmic."""

SMALLEST = 32
"""Segments count as at least this large: the smallest ones are simply built again."""


def find_merge_start(segments: Sequence[Segment], begin: int = 0) -> int | None:
    """Return the first of the segments to merge, or None. Segments before `begin` are left as they are.

    A segment is merged with all following ones when it isn't `GROWTH` times as large as these together, or
    when more than half of its documents are dead.
    """
    start = None
    following = 0
    for position in range(len(segments) - 1, begin - 1, -1):
        segment = segments[position]
        is_small = following > 0 and segment.live_count < GROWTH * max(following, SMALLEST)
        if is_small or 2 * segment.live_count < len(segment.alive):
            start = position
        following += segment.live_count
    return start


def merge_segments(segments: Sequence[Segment]) -> Segment:
    """Merge segments that share no live memory into one that contains only the live documents.

    Linear in the number of postings: each posting is moved directly to its place; only ids, threads and terms
    are sorted.
    """
    alive_ids = _gather_alive(segments, "memory_ids")
    order = np.argsort(alive_ids, kind="stable")
    ranks = np.empty(len(order), dtype=np.uint32)
    ranks[order] = np.arange(len(order), dtype=np.uint32)
    vocabulary, counts = _joint_vocabulary(segments)
    offsets = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))
    ordinals, frequencies = _move_postings(segments, ranks, vocabulary, offsets)
    session_keys = _gather_alive(segments, "session_keys")[order]
    seqs = _gather_alive(segments, "seqs")[order]
    thread_order, thread_places = order_threads(session_keys, seqs)
    speakers, speaker_names = _join_speakers(segments)
    return Segment(
        memory_ids=alive_ids[order],
        revisions=_gather_alive(segments, "revisions")[order],
        lengths=_gather_alive(segments, "lengths")[order],
        alive=np.ones(len(order), dtype=np.bool_),
        live_count=len(order),
        live_length=sum(segment.live_length for segment in segments),
        created=_gather_alive(segments, "created")[order],
        space=segments[0].space,
        codes=_join_codes(segments).take(order, axis=1),  # indexing would store them column by column
        has_code=_gather_alive(segments, "has_code")[order],
        session_keys=session_keys,
        seqs=seqs,
        speakers=speakers[order],
        speaker_names=speaker_names,
        traits=_gather_alive(segments, "traits")[order],
        thread_order=thread_order,
        thread_places=thread_places,
        vocabulary=vocabulary,
        offsets=offsets,
        ordinals=ordinals,
        frequencies=frequencies,
    )


def _gather_alive(segments: Sequence[Segment], name: str) -> NDArray[Any]:
    """Return the values of one array for the live documents of all segments."""
    return np.concatenate([getattr(segment, name)[segment.alive] for segment in segments])


def _join_codes(segments: Sequence[Segment]) -> NDArray[np.uint64]:
    return np.concatenate([segment.codes[:, segment.alive] for segment in segments], axis=1)


def _join_speakers(segments: Sequence[Segment]) -> tuple[NDArray[np.uint32], tuple[str, ...]]:
    """Return the renumbered speakers of all live documents, and the speakers' names."""
    names = tuple(sorted(set().union(*(segment.speaker_names for segment in segments))))
    numbers = {name: number for number, name in enumerate(names)}
    parts = []
    for segment in segments:
        renumbered = np.array([numbers[name] for name in segment.speaker_names], dtype=np.uint32)
        parts.append(renumbered[segment.speakers[segment.alive]])
    return np.concatenate(parts), names


def _live_counts(segment: Segment) -> NDArray[np.int64]:
    """Return the number of live postings of each term."""
    if segment.live_count == len(segment.alive):
        return np.diff(segment.offsets)
    running = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(segment.alive[segment.ordinals])))
    return np.diff(running[segment.offsets])


def _joint_vocabulary(segments: Sequence[Segment]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the terms with a live posting in any segment, ascending, and the number of postings of each."""
    vocabulary = np.unique(np.concatenate([segment.vocabulary for segment in segments]))
    counts = np.zeros(len(vocabulary), dtype=np.int64)
    for segment in segments:
        counts[np.searchsorted(vocabulary, segment.vocabulary)] += _live_counts(segment)
    used = counts > 0
    return vocabulary[used], counts[used]


def _move_postings(
    segments: Sequence[Segment],
    ranks: NDArray[np.uint32],
    vocabulary: NDArray[np.uint64],
    offsets: NDArray[np.int64],
) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    ordinals = np.empty(offsets[-1], dtype=np.uint32)
    frequencies = np.empty(offsets[-1], dtype=np.uint8)
    free = offsets[:-1].copy()  # per term: the next free place
    first_document = 0
    for segment in segments:
        new_ordinals = np.zeros(len(segment.alive), dtype=np.uint32)
        new_ordinals[segment.alive] = ranks[first_document : first_document + segment.live_count]
        first_document += segment.live_count
        is_live = segment.alive[segment.ordinals]
        counts = _live_counts(segment)
        used = counts > 0
        terms, counts = np.searchsorted(vocabulary, segment.vocabulary[used]), counts[used]
        begins = np.cumsum(counts) - counts
        places = np.repeat(free[terms] - begins, counts) + np.arange(counts.sum())
        ordinals[places] = new_ordinals[segment.ordinals[is_live]]
        frequencies[places] = segment.frequencies[is_live]
        free[terms] += counts
    return ordinals, frequencies
