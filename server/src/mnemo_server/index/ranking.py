"""BM25 over the segments of one tenant, exact over its live documents.

Every statistic counts live documents only, terms are taken in ascending order of their hash, and sums are
64-bit floats of the same operands in the same order. So scores are the same to the last bit however the
documents lie in segments, and two servers on any engine give the same ranking.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemo_server.index.entries import hash_terms
from mnemo_server.index.segment import Segment

K1 = 1.2
B = 0.4

FREQUENT_SHARE = 0.1
"""A term in more than this share of the documents says little and costs most of the time."""

FREQUENT_COUNT = 64
"""In fewer documents than this no term is frequent: it costs nothing there, and may be the only match."""

KEPT_TERMS = 2
"""Frequent terms are dropped only when more than this many other terms have a match."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every match, best first; of equal scores the newest memory (the highest id) first."""

    memory_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    """BM25 as a share of the most that any memory could reach on this query, 0 to 1."""


EMPTY = Ranking(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class _Statistics:
    document_count: int
    mean_length: float
    frequencies: list[int]  # per term of the query: in how many live documents it is


@dataclass(frozen=True, slots=True)
class Query:
    """A question to certain segments, ready to run in any thread."""

    segments: Sequence[Segment]
    postings: list[list[slice]]
    """Per segment and term: where the postings lie."""
    weights: dict[int, float]
    """Per scored term: the most it can add to a score."""
    mean_length: float
    required: list[NDArray[np.uint64]]

    @property
    def posting_count(self) -> int:
        """Postings to score, which is what the time goes with: about 50 ns each."""
        return sum(
            slices[term].stop - slices[term].start for slices in self.postings for term in self.weights
        )

    def rank(self) -> Ranking:
        """Score and sort all matches."""
        found = [
            _score_segment(segment, slices, self.weights, self.mean_length, self.required)
            for segment, slices in zip(self.segments, self.postings, strict=True)
            if segment.live_count
        ]
        if not found or not self.weights:
            return EMPTY
        memory_ids = np.concatenate([ids for ids, _ in found])
        scores = np.concatenate([scores for _, scores in found])
        return _sort(memory_ids, scores / sum(self.weights.values()))


def plan_query(segments: Sequence[Segment], terms: Sequence[str], required: Sequence[Sequence[str]]) -> Query:
    """Prepare to rank the live documents that hold one of `terms` and, of each group in `required`, a facet.

    Terms are those of `analyse_query`; a term that no document holds still counts in the best possible score.
    """
    hashes = hash_terms(terms)
    postings = [segment.find_postings(hashes) for segment in segments]
    statistics = _collect_statistics(segments, postings)
    weights = {term: _idf(statistics, term) * (K1 + 1) for term in _choose_terms(statistics)}
    groups = [hash_terms(group) for group in required]
    return Query(segments, postings, weights, statistics.mean_length, groups)


def _collect_statistics(segments: Sequence[Segment], postings: Sequence[Sequence[slice]]) -> _Statistics:
    document_count = sum(segment.live_count for segment in segments)
    length = sum(segment.live_length for segment in segments)
    counts = [
        [_live_postings(segment, where) for where in slices]
        for segment, slices in zip(segments, postings, strict=True)
    ]
    frequencies = [sum(column) for column in zip(*counts, strict=True)]
    return _Statistics(document_count, length / document_count if length else 1.0, frequencies)


def _live_postings(segment: Segment, where: slice) -> int:
    if where.start == where.stop or segment.live_count == len(segment.alive):
        return int(where.stop - where.start)
    return int(np.count_nonzero(segment.alive[segment.ordinals[where]]))


def _choose_terms(statistics: _Statistics) -> list[int]:
    """Return the positions of the terms to score: all, or all but the frequent ones."""
    limit = max(FREQUENT_SHARE * statistics.document_count, FREQUENT_COUNT)
    rare = [term for term, count in enumerate(statistics.frequencies) if count <= limit]
    matching = sum(1 for term in rare if statistics.frequencies[term])
    return rare if matching > KEPT_TERMS else list(range(len(statistics.frequencies)))


def _idf(statistics: _Statistics, term: int) -> float:
    count = statistics.frequencies[term]
    return math.log(1 + (statistics.document_count - count + 0.5) / (count + 0.5))


def _score_segment(
    segment: Segment,
    slices: Sequence[slice],
    weights: dict[int, float],
    mean_length: float,
    required: Sequence[NDArray[np.uint64]],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the ids and BM25 scores of the matching documents, in no order.

    The array of sums is allocated zeroed by the system and only touched where a posting leads.
    """
    sums = np.zeros(len(segment.alive), dtype=np.float64)
    touched = []
    for term, weight in weights.items():
        where = slices[term]
        if where.start == where.stop:
            continue
        ordinals = segment.ordinals[where]
        frequencies = segment.frequencies[where].astype(np.float64)
        norms = K1 * (1 - B) + (K1 * B / mean_length) * segment.lengths[ordinals]
        before = sums[ordinals]
        touched.append(ordinals[before == 0])
        sums[ordinals] = before + weight * (frequencies / (frequencies + norms))
    documents = np.concatenate(touched) if touched else np.empty(0, dtype=np.uint32)
    documents = _filter(segment, documents, required)
    return segment.memory_ids[documents], sums[documents]


def _filter(
    segment: Segment, documents: NDArray[np.uint32], required: Sequence[NDArray[np.uint64]]
) -> NDArray[np.uint32]:
    if segment.live_count < len(segment.alive):
        documents = documents[segment.alive[documents]]
    for group in required:
        if not len(documents):
            break
        allowed = np.zeros(len(segment.alive), dtype=np.bool_)
        for where in segment.find_postings(group):
            allowed[segment.ordinals[where]] = True
        documents = documents[allowed[documents]]
    return documents


def _sort(memory_ids: NDArray[np.int64], scores: NDArray[np.float64]) -> Ranking:
    """Sort by score, then newest id: plain sorts of numbers, several times as fast as one by two keys."""
    count = len(memory_ids)
    newest = np.argsort(-memory_ids)
    memory_ids, scores = memory_ids[newest], scores[newest]
    best = np.argsort(-scores)
    ordered = scores[best]
    group = np.cumsum(np.concatenate(([False], ordered[1:] != ordered[:-1]))) if count else best
    order = np.sort(group * count + best) - group * count
    return Ranking(memory_ids[order], ordered)
