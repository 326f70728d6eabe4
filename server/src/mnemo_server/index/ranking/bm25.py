"""BM25 over the segments of one tenant, exact over its live documents.

Every statistic counts only live documents, terms are processed in ascending order of their hashes, and sums
are 64-bit floats of the same operands in the same order. So scores are the same to the last bit however the
documents are distributed over segments, and two servers on any engine return the same ranking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from mnemo_server.index.ranking.scope import EVERYTHING, Scope, ScopeFilter
from mnemo_server.index.ranking.statistics import (
    CorpusSize,
    choose_terms,
    collect_statistics,
    measure_corpus,
    weigh_term,
)
from mnemo_server.index.segments.entries import hash_terms
from mnemo_server.index.segments.segment import Segment, build_segment

K1 = 1.2
B = 0.4


MOST_MATCHES = 10_000
"""Limit of matches that are kept: no one pages farther, and sorting more takes longer than finding them."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Live memories that contain a scored term, best BM25 first; among equal ones the newest first."""

    memory_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    """BM25 as a share of the highest score that any memory could reach on this query."""
    places: NDArray[np.int64]
    """Position among the documents of all segments, including dead ones."""


NO_MATCHES = Matches(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64), np.empty(0, dtype=np.int64))


_NO_SEGMENTS = (build_segment([]),)  # for a tenant without memories: NumPy can't concatenate an empty list


@dataclass(frozen=True, slots=True)
class Query:
    """A question to some segments, ready to run in any thread."""

    segments: Sequence[Segment]
    hashes: NDArray[np.uint64]
    """Hashes of the distinct terms, ascending."""
    frequencies: list[int]
    """Per term: the number of live documents that contain it."""
    postings: list[list[slice]]
    """Per segment and term: the slice of the postings."""
    weights: dict[int, float]
    """Per scored term: the upper bound of what it adds to a score."""
    mean_length: float
    live_count: int
    """Live documents of the tenant."""
    filter: ScopeFilter

    @property
    def posting_count(self) -> int:
        """Number of postings to score, which determines the time: about 50 ns each."""
        return sum(
            slices[term].stop - slices[term].start for slices in self.postings for term in self.weights
        )

    @property
    def bases(self) -> list[int]:
        """Per segment: the place of its first document."""
        sizes = [len(segment.alive) for segment in self.segments]
        return list(accumulate(sizes, initial=0))[:-1]

    @property
    def memory_ids(self) -> NDArray[np.int64]:
        """The memory at each place."""
        return np.concatenate([segment.memory_ids for segment in self.segments])

    @property
    def document_count(self) -> int:
        """Number of documents of all segments, including dead ones."""
        return sum(len(segment.alive) for segment in self.segments)

    @property
    def best_score(self) -> float:
        """The limit of the score of a memory that contains all terms very often."""
        return sum(self.weights.values())

    def match(self) -> Matches:
        """Score all matches and return the best of them, sorted."""
        if not self.weights:
            return NO_MATCHES
        found = [self._score(number) for number in range(len(self.segments))]
        memory_ids = [
            segment.memory_ids[where] for segment, (where, _) in zip(self.segments, found, strict=True)
        ]
        places = [where.astype(np.int64) + base for base, (where, _) in zip(self.bases, found, strict=True)]
        scores = np.concatenate([sums for _, sums in found]) / self.best_score
        ids = np.concatenate(memory_ids)
        best = _find_best(scores)
        order = best[_order(ids[best], scores[best])][:MOST_MATCHES]
        return Matches(ids[order], scores[order], np.concatenate(places)[order])

    def pairs(self) -> Iterator[tuple[Segment, list[slice]]]:
        """Return an iterator over each segment with the slices of its postings of each term."""
        return zip(self.segments, self.postings, strict=True)

    def measure(self, segment: Segment, where: slice | NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the BM25 value of each posting, 0 to 1, before multiplication by the weight of its term."""
        frequencies = segment.frequencies[where].astype(np.float64)
        norms = K1 * (1 - B) + (K1 * B / self.mean_length) * segment.lengths[segment.ordinals[where]]
        return frequencies / (frequencies + norms)

    def find_allowed(self, number: int) -> NDArray[np.bool_] | None:
        """Return which documents of a segment are alive and within the scope; None when all are."""
        return self.filter.find_allowed(self.segments[number])

    def admit(self, number: int, ordinals: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return the documents of a segment without those that are dead or outside the scope."""
        allowed = self.find_allowed(number)
        return ordinals if allowed is None else ordinals[allowed[ordinals]]

    def _score(self, number: int) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
        """Return the ordinals and BM25 scores of a segment's matching documents, in no particular order.

        The system allocates the array of sums with zeros, and only the documents of postings are touched.
        """
        segment, slices = self.segments[number], self.postings[number]
        sums = np.zeros(len(segment.alive), dtype=np.float64)
        touched = [np.empty(0, dtype=np.uint32)]
        for term, weight in self.weights.items():
            where = slices[term]
            if where.start == where.stop:
                continue
            ordinals = segment.ordinals[where]
            before = sums[ordinals]
            touched.append(ordinals[before == 0])
            sums[ordinals] = before + weight * self.measure(segment, where)
        documents = self.admit(number, np.concatenate(touched))
        return documents, sums[documents]


def plan_query(
    segments: Sequence[Segment],
    terms: Sequence[str],
    scope: Scope = EVERYTHING,
    size: CorpusSize | None = None,
) -> Query:
    """Prepare to rank the live documents of a scope.

    Terms come from `analyse_query`; a term that no document contains still counts in the best possible score.
    `size` is the size of the whole tenant if the segments contain only its documents with a term.
    """
    segments = segments or _NO_SEGMENTS
    hashes = hash_terms(terms)
    postings = [segment.find_postings(hashes) for segment in segments]
    statistics = collect_statistics(segments, postings, size or measure_corpus(segments))
    weights = {term: weigh_term(statistics, term) * (K1 + 1) for term in choose_terms(statistics)}
    return Query(
        segments,
        hashes,
        statistics.frequencies,
        postings,
        weights,
        statistics.mean_length,
        statistics.document_count,
        ScopeFilter(scope),
    )


def _find_best(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the positions of the `MOST_MATCHES` highest scores, and of all scores equal to the last one."""
    if len(scores) <= MOST_MATCHES:
        return np.arange(len(scores))
    last = np.partition(scores, len(scores) - MOST_MATCHES)[len(scores) - MOST_MATCHES]
    return np.flatnonzero(scores >= last)


def _order(memory_ids: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the order by score, then newest id: plain sorts, several times as fast as one by two keys."""
    count = len(memory_ids)
    newest = np.argsort(-memory_ids)
    scores = scores[newest]
    best = np.argsort(-scores)
    ordered = scores[best]
    group = np.cumsum(np.concatenate(([False], ordered[1:] != ordered[:-1]))) if count else best
    order: NDArray[np.int64] = newest[np.sort(group * count + best) - group * count]
    return order
