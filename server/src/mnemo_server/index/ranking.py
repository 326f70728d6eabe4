"""Ranks the memories of one tenant: BM25 finds them, their context decides among the best.

The best `CANDIDATES` by BM25 are scored anew together with the messages around them; all other matches follow
in their order by BM25. Whatever decides is the same on every server, so the ranking is too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnemo_server.domain.question import Question
from mnemo_server.index.candidates import gather_candidates
from mnemo_server.index.context import score_in_context
from mnemo_server.index.matching import Matches, Query

CANDIDATES = 100
"""Matches that are scored anew; on LoCoMo more bring nothing."""

_ROUNDING = 1e-9  # a smaller difference is none


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every match and the messages around the best of them, best first; of equal scores the newest first."""

    memory_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    """0 to 1, never rising: shares of the BM25 that any memory could reach on this query."""


EMPTY = Ranking(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64))


def rank(query: Query, question: Question) -> Ranking:
    """Rank what a query finds; filters hold for the messages around matches too."""
    matches = query.match()
    if not len(matches.memory_ids):
        return EMPTY
    excerpt, candidates = gather_candidates(query, question, matches.places[:CANDIDATES])
    final = score_in_context(candidates)
    order = np.lexsort((-excerpt.memory_ids, -final))
    is_rest = _find_rest(query, matches, excerpt.places)
    rest_ids, rest_scores = matches.memory_ids[is_rest], matches.scores[is_rest]
    if len(rest_scores):
        worst = rest_scores[0]
    else:  # nothing follows; among the candidates may be some that hold no term
        worst = matches.scores[-1] if len(order) == len(matches.scores) else 0.0
    scores = _stretch(final[order], matches.scores[0], worst)
    return Ranking(
        np.concatenate((excerpt.memory_ids[order], rest_ids)), np.concatenate((scores, rest_scores))
    )


def _find_rest(query: Query, matches: Matches, taken: NDArray[np.int64]) -> NDArray[np.bool_]:
    is_rest = np.ones(query.document_count, dtype=np.bool_)
    is_rest[taken] = False
    return is_rest[matches.places]


def _stretch(final: NDArray[np.float64], best: float, worst: float) -> NDArray[np.float64]:
    """Lay falling scores between the best BM25 there is and the best of those that come after.

    So a score says how well the best match answers, falls with the rank, and memories outside of sessions,
    among themselves, keep their BM25.
    """
    span = final[0] - final[-1]
    share = (final - final[-1]) / span if span > _ROUNDING else np.ones(len(final))
    return np.minimum(worst + (best - worst) * share, best)
