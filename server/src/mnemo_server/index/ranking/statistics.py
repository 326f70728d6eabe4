"""The statistics of BM25 over the live documents of a tenant, and the terms that it leaves out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemo_server.index.segments.segment import Segment

FREQUENT_SHARE = 0.1
"""A term in more than this share of the documents distinguishes little and takes most of the time."""

FREQUENT_COUNT = 64
"""A term in at most this many documents is never frequent: it costs little, and may be the only match."""

KEPT_TERMS = 2
"""Frequent terms are dropped only when more than this many other terms have a match."""


@dataclass(frozen=True, slots=True)
class CorpusSize:
    """The size of a tenant, by which rarity and length are measured."""

    document_count: int
    """Live documents."""
    length: int
    """Sum of their lengths."""

    @property
    def mean_length(self) -> float:
        """Average length of a document; 1 where there is nothing to average."""
        return self.length / self.document_count if self.length else 1.0


@dataclass(frozen=True, slots=True)
class Statistics:
    """The numbers by which a query is weighed."""

    document_count: int
    """Live documents of the tenant."""
    mean_length: float
    frequencies: list[int]
    """Per term of the query: the number of live documents that contain it."""


def measure_corpus(segments: Sequence[Segment]) -> CorpusSize:
    """Return the total size of segments."""
    return CorpusSize(
        sum(segment.live_count for segment in segments), sum(segment.live_length for segment in segments)
    )


def collect_statistics(
    segments: Sequence[Segment], postings: Sequence[Sequence[slice]], size: CorpusSize
) -> Statistics:
    """Return the statistics of terms over a tenant of this size; `postings` are the slices per segment."""
    counts = [
        [_live_postings(segment, where) for where in slices]
        for segment, slices in zip(segments, postings, strict=True)
    ]
    frequencies = [sum(column) for column in zip(*counts, strict=True)]
    return Statistics(size.document_count, size.mean_length, frequencies)


def _live_postings(segment: Segment, where: slice) -> int:
    if where.start == where.stop or segment.live_count == len(segment.alive):
        return int(where.stop - where.start)
    return int(np.count_nonzero(segment.alive[segment.ordinals[where]]))


def choose_terms(statistics: Statistics) -> list[int]:
    """Return the positions of the terms to score: all terms, or all but the frequent ones."""
    limit = max(FREQUENT_SHARE * statistics.document_count, FREQUENT_COUNT)
    rare = [term for term, count in enumerate(statistics.frequencies) if count <= limit]
    matching = sum(1 for term in rare if statistics.frequencies[term])
    return rare if matching > KEPT_TERMS else list(range(len(statistics.frequencies)))


def weigh_term(statistics: Statistics, term: int) -> float:
    """Return the inverse document frequency of a term of the query."""
    return weigh_rarity(statistics.frequencies[term], statistics.document_count)


def weigh_rarity(count: int, document_count: int) -> float:
    """Return the inverse document frequency of a term that `count` documents contain."""
    return math.log(1 + (document_count - count + 0.5) / (count + 0.5))


def count_live(segments: Sequence[Segment], hashes: NDArray[np.uint64]) -> list[int]:
    """Return for each term the number of live documents that contain it."""
    counts = [[_live_postings(one, where) for where in one.find_postings(hashes)] for one in segments]
    return [sum(column) for column in zip(*counts, strict=True)] if counts else [0] * len(hashes)
