"""Finds the messages just before and after a message, over all segments of a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from mnemo_server.index.segments.segment import Segment

REACH = 2
"""Messages before and after a message that count as its context."""

LOOK = REACH + 1
"""Messages that are read before and after a message: one more shows whether two contexts adjoin."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some documents of a tenant, by session, place and memory id: an order that no merge changes."""

    memory_ids: NDArray[np.int64]
    revisions: NDArray[np.int64]
    session_keys: NDArray[np.int64]
    seqs: NDArray[np.int32]
    traits: NDArray[np.uint8]
    speakers: NDArray[np.int64]
    """Positions in `speaker_names`."""
    places: NDArray[np.int64]
    """As in `Matches`."""
    speaker_names: tuple[str, ...]

    def take(self, order: NDArray[np.int64]) -> Excerpt:
        """Return the documents at these positions, in this order."""
        return Excerpt(
            memory_ids=self.memory_ids[order],
            revisions=self.revisions[order],
            session_keys=self.session_keys[order],
            seqs=self.seqs[order],
            traits=self.traits[order],
            speakers=self.speakers[order],
            places=self.places[order],
            speaker_names=self.speaker_names,
        )

    @property
    def is_message(self) -> NDArray[np.bool_]:
        """Whether each document has a place in a session."""
        return self.session_keys > 0

    def continues(self) -> NDArray[np.bool_]:
        """Return for each document but the first whether it continues the session of the previous one."""
        same: NDArray[np.bool_] = self.session_keys[1:] == self.session_keys[:-1]
        return same & self.is_message[1:]


def read_excerpt(segments: Sequence[Segment], ordinals: Sequence[NDArray[np.int64]]) -> Excerpt:
    """Read the documents at some ordinals of each segment, with the messages around them."""
    seeds = _join(segments, ordinals)
    seeds = seeds.take(np.flatnonzero(seeds.session_keys))
    bases = accumulate((len(segment.alive) for segment in segments), initial=0)
    around = [
        np.union1d(own, _find_around(segment, base, seeds))
        for base, segment, own in zip(bases, segments, ordinals, strict=False)
    ]
    whole = _join(segments, around)
    return whole.take(np.lexsort((whole.memory_ids, whole.seqs, whole.session_keys)))


def _join(segments: Sequence[Segment], ordinals: Sequence[NDArray[np.int64]]) -> Excerpt:
    pairs = list(zip(segments, ordinals, strict=True))
    bases = accumulate((len(segment.alive) for segment in segments), initial=0)
    numbers: dict[str, int] = {}
    names = [
        segment.speaker_names[number]
        for segment, where in pairs
        for number in segment.speakers[where].tolist()
    ]
    speakers = [numbers.setdefault(name, len(numbers)) for name in names]
    return Excerpt(
        memory_ids=np.concatenate([segment.memory_ids[where] for segment, where in pairs]),
        revisions=np.concatenate([segment.revisions[where] for segment, where in pairs]),
        session_keys=np.concatenate([segment.session_keys[where] for segment, where in pairs]),
        seqs=np.concatenate([segment.seqs[where] for segment, where in pairs]),
        traits=np.concatenate([segment.traits[where] for segment, where in pairs]),
        speakers=np.array(speakers, dtype=np.int64),
        places=np.concatenate([where + base for where, base in zip(ordinals, bases, strict=False)]),
        speaker_names=tuple(numbers),
    )


def _find_around(segment: Segment, base: int, seeds: Excerpt) -> NDArray[np.int64]:
    """Return the live messages of a segment that are near a seed, including its own place.

    `base` is the place of the segment's first document.
    """
    order = segment.thread_order
    if not len(order) or not len(seeds.places):
        return np.empty(0, dtype=np.int64)
    middles = _find_places(segment, base, seeds)
    if segment.live_count == len(segment.alive):
        return np.unique(_look(segment, seeds, middles, LOOK)[0]).astype(np.int64)
    reach = LOOK
    while True:  # past the dead ones, which are usually few
        reach *= 4
        found, is_enough = _look(segment, seeds, middles, reach)
        if is_enough or reach > len(order):
            return np.unique(found).astype(np.int64)


def _look(
    segment: Segment, seeds: Excerpt, middles: NDArray[np.int64], reach: int
) -> tuple[NDArray[np.uint32], bool]:
    """Return the `LOOK` live messages on either side of each seed in its session, and the one at its place.

    Reads `reach` places on either side; the flag is true when no wanted message can be beyond them.
    """
    order = segment.thread_order
    offsets = np.arange(-reach, reach + 1)
    near = middles[:, None] + offsets
    is_there = (near >= 0) & (near < len(order))
    found = order[np.where(is_there, near, 0)]
    is_there &= segment.session_keys[found] == seeds.session_keys[:, None]
    is_live = is_there & segment.alive[found]
    behind = np.cumsum(is_live[:, reach + 1 :], axis=1)
    before = np.cumsum(is_live[:, :reach][:, ::-1], axis=1)[:, ::-1]
    is_close = np.concatenate((before <= LOOK, is_live[:, [reach]], behind <= LOOK), axis=1)
    is_enough = ~is_there[:, [0, -1]] | (np.stack((before[:, 0], behind[:, -1]), axis=1) >= LOOK)
    return found[is_live & is_close], bool(is_enough.all())


def _find_places(segment: Segment, base: int, seeds: Excerpt) -> NDArray[np.int64]:
    """Return the place of each seed in the segment's thread order, or the place where it would be."""
    order = segment.thread_order
    low = np.zeros(len(seeds.places), dtype=np.int64)
    high = np.full(len(seeds.places), len(order), dtype=np.int64)
    is_here = (seeds.places >= base) & (seeds.places < base + len(segment.alive))
    low[is_here] = high[is_here] = segment.thread_places[seeds.places[is_here] - base]
    while (is_open := low < high).any():
        middle = (low + high) >> 1
        documents = order[np.where(is_open, middle, 0)]
        is_before = _precede(segment, documents, seeds)
        low = np.where(is_open & is_before, middle + 1, low)
        high = np.where(is_open & ~is_before, middle, high)
    return low


def _precede(segment: Segment, documents: NDArray[np.uint32], seeds: Excerpt) -> NDArray[np.bool_]:
    keys, seqs, ids = segment.session_keys[documents], segment.seqs[documents], segment.memory_ids[documents]
    same_place = (seqs == seeds.seqs) & (ids < seeds.memory_ids)
    same_session = (keys == seeds.session_keys) & ((seqs < seeds.seqs) | same_place)
    is_before: NDArray[np.bool_] = (keys < seeds.session_keys) | same_session
    return is_before
