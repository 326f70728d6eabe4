"""Finds the memories whose vectors are nearest to the vector of a question, by binary codes of their signs.

First the signs of the question are compared with those of all memories, which takes a few instructions per
memory; then the nearest memories are measured with the full vector of the question. Both steps use whole
numbers, so the result does not depend on how the documents are distributed over segments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemo_server.index.ranking.bm25 import Query
from mnemo_server.index.segments.segment import Segment
from mnemo_server.index.segments.vectors import STEPS, Floats32, encode_vector, round_to_steps, sum_signs

FINE_COUNT = 1_000
"""Nearest by signs that are measured; on 100,000 vectors these include 98 % of the true nearest ten."""

_CHUNK = 16_384  # documents scanned at a time: their distances and codes stay in the cache of one core
_FEW = 0.25  # when less than this share passes the filters, only these documents are compared


@dataclass(frozen=True, slots=True)
class Probe:
    """The vector of a question, ready to be compared with codes."""

    code: NDArray[np.uint64]
    steps: Floats32
    """(dimensions,), whole numbers."""

    @classmethod
    def of(cls, vector: Floats32) -> Probe:
        """Prepare a vector of length 1."""
        code = np.frombuffer(encode_vector(vector), dtype="<u8").astype(np.uint64)
        return cls(code, round_to_steps(vector))


def find_nearest(query: Query, probe: Probe, count: int) -> NDArray[np.int64]:
    """Return the places of the `count` nearest documents that pass the filters, ascending."""
    if count <= 0:
        return np.empty(0, dtype=np.int64)
    found = [
        _scan(segment, query.find_allowed(number), probe) for number, segment in enumerate(query.segments)
    ]
    limit = _find_limit([distances for _, distances in found], len(probe.steps))
    places, closeness, memory_ids = [], [], []
    for base, segment, (ordinals, distances) in zip(query.bases, query.segments, found, strict=True):
        near = np.flatnonzero(distances <= limit)
        near = near if ordinals is None else ordinals[near]
        near = near[segment.has_code[near]]
        places.append(near + base)
        closeness.append(measure_closeness(segment.codes[:, near], probe))
        memory_ids.append(segment.memory_ids[near])
    best = np.lexsort((-np.concatenate(memory_ids), -np.concatenate(closeness)))[:count]
    result: NDArray[np.int64] = np.sort(np.concatenate(places)[best])
    return result


class Shortlist:
    """The nearest documents of a tenant that is read in pieces: the same ones that `find_nearest` finds."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._distances = np.empty(0, dtype=np.uint16)
        self._closeness = np.empty(0, dtype=np.float32)
        self._memory_ids = np.empty(0, dtype=np.int64)

    def add(self, memory_ids: NDArray[np.int64], codes: NDArray[np.uint64]) -> None:
        """Add documents; `codes` are as in a segment, one column for each document."""
        distances = _count_differences(codes, self._probe)
        near = np.flatnonzero(distances <= self._find_limit(distances))
        closeness = measure_closeness(codes[:, near], self._probe)
        self._distances = np.concatenate((self._distances, distances[near]))
        self._closeness = np.concatenate((self._closeness, closeness))
        self._memory_ids = np.concatenate((self._memory_ids, memory_ids[near]))
        is_near = self._distances <= self._find_limit(self._distances)
        self._distances, self._closeness = self._distances[is_near], self._closeness[is_near]
        self._memory_ids = self._memory_ids[is_near]

    def best(self, count: int) -> NDArray[np.int64]:
        """Return the memory ids of the `count` nearest documents."""
        best = np.lexsort((-self._memory_ids, -self._closeness))[:count]
        nearest: NDArray[np.int64] = self._memory_ids[best]
        return nearest

    def _find_limit(self, distances: NDArray[np.uint16]) -> int:
        return _find_limit([distances], len(self._probe.steps))


def measure_closeness(codes: NDArray[np.uint64], probe: Probe) -> Floats32:
    """Return for the code in each column the approximate cosine between its vector and the question's.

    A vector reduced to signs keeps about 0.8 of its length in its own direction; the factor corrects that.
    """
    signs = np.ascontiguousarray(codes.T).view(np.uint8)
    sums = sum_signs(signs, probe.steps[None, :])[:, 0]
    scale = STEPS * np.sqrt(len(probe.steps)) * np.sqrt(2 / np.pi)
    closeness: Floats32 = (sums / np.float32(scale)).astype(np.float32)
    return closeness


def _scan(
    segment: Segment, allowed: NDArray[np.bool_] | None, probe: Probe
) -> tuple[NDArray[np.int64] | None, NDArray[np.uint16]]:
    """Return the documents (ordinals, or None for all) and how many signs of each differ."""
    if len(segment.codes) != len(probe.code):
        return None, np.full(len(segment.alive), _far(probe), dtype=np.uint16)
    if allowed is not None and np.count_nonzero(allowed) < _FEW * len(allowed):
        ordinals = np.flatnonzero(allowed & segment.has_code)
        return ordinals, _count_differences(segment.codes[:, ordinals], probe)
    distances = _count_differences(segment.codes, probe)
    distances[~segment.has_code] = _far(probe)
    if allowed is not None:
        distances[~allowed] = _far(probe)
    return None, distances


def _count_differences(codes: NDArray[np.uint64], probe: Probe) -> NDArray[np.uint16]:
    distances = np.zeros(codes.shape[1], dtype=np.uint16)
    for begin in range(0, codes.shape[1], _CHUNK):
        chunk = slice(begin, begin + _CHUNK)
        for row, word in zip(codes, probe.code, strict=True):
            distances[chunk] += np.bitwise_count(row[chunk] ^ word)
    return distances


def _far(probe: Probe) -> int:
    """Return a distance greater than that between any two codes."""
    return 64 * len(probe.code) + 1


def _find_limit(distances: list[NDArray[np.uint16]], dimensions: int) -> int:
    """Return the smallest distance within which there are `FINE_COUNT` documents, or all documents."""
    counts = np.zeros(dimensions + 1, dtype=np.int64)
    for part in distances:
        counts += np.bincount(part, minlength=dimensions + 1)[: dimensions + 1]
    within = np.cumsum(counts)
    return int(np.searchsorted(within, min(FINE_COUNT, within[-1])))
