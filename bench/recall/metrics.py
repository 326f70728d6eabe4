"""The quality of a ranking: recall and nDCG of one question, and their means over many."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

#: Names of the measures, in the order of the tables.
MEASURES = ("R@5", "R@10", "R@20", "nDCG@10")
#: Number of hits that are scored.
DEPTH = 20
_NDCG_DEPTH = 10

H = TypeVar("H", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over questions with its standard error."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ± {self.error:.3f}"


def score(found: Sequence[H], evidence: Collection[H]) -> dict[str, float]:
    """Score one ranking, best first, against the evidence of its question; every measure is 0 to 1.

    R@k is the share of the evidence among the first k hits. nDCG@10 also depends on its ranks: each piece
    scores 1 / log2(rank + 1), and the sum is divided by that of a perfect ranking.
    """
    places = [place for place, one in enumerate(found) if one in evidence]
    scores = {f"R@{k}": sum(place < k for place in places) / len(evidence) for k in (5, 10, DEPTH)}
    best = sum(map(_gain, range(min(len(evidence), _NDCG_DEPTH))))
    scores[f"nDCG@{_NDCG_DEPTH}"] = sum(_gain(place) for place in places if place < _NDCG_DEPTH) / best
    return scores


def average(values: Sequence[float]) -> Mean:
    """Return the mean of at least one value; the error of a single one is unknown and reported as 0."""
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return Mean(statistics.fmean(values), error)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value below which `percent` of the values lie, 1 to 99."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _gain(place: int) -> float:
    return 1 / math.log2(place + 2)
