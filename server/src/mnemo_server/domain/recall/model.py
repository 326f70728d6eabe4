"""The fitted model of recall: four logistic regressions, small enough to be read.

- `standing`: is a text worth knowing later, whatever the prompt? From the signs of its vector and its words.
- `relevance`: does a memory change what is right to do for a prompt? From what search measured, and its
  words.
- `overturned`: has a newer memory overturned this one? From how near the newer ones are, and their wording.
- `gate`: does anything that is remembered matter for a prompt at all? From the prompt's vector and the best
  memories, so that a prompt about something else gets nothing.

Decision 24 has the data, the fit and its error rates. The vectors are of one embedding model; with another
one, or without any, the parts that need no vector decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mnemo_server.domain.recall.corrections import AGE_FEATURES
from mnemo_server.domain.recall.features import PAIR_FEATURES, PROMPT_FEATURES, Floats
from mnemo_server.domain.recall.signs import SIGNS

_WORD_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class Regression:
    """Log odds: `base + vector · v + weights · features`."""

    base: float
    vector: Floats
    """(dimensions,); empty where vectors play no part."""
    weights: Floats

    @classmethod
    def read(cls, data: Mapping[str, Any], features: Sequence[str]) -> Regression:
        """Read one from JSON: `{"base": …, "vector": […], "weights": {"<feature>": …}}`."""
        weights = np.array([float(data["weights"].get(name, 0.0)) for name in features])
        return cls(float(data["base"]), np.array(data.get("vector", ()), dtype=np.float64), weights)

    def estimate(self, features: Floats, vectors: Floats | None = None) -> Floats:
        """Return the log odds of each row of `features`, and of `vectors` if the regression uses them."""
        odds = self.base + features @ self.weights
        if vectors is not None and len(self.vector):
            odds = odds + vectors @ self.vector
        result: Floats = odds
        return result


@dataclass(frozen=True, slots=True)
class RecallModel:
    """The four regressions, and the limits that go with them."""

    embedding_model: str | None
    """Name of the embedding model whose vectors they use; None: they use none."""
    standing: Regression
    relevance: Regression
    overturned: Regression
    gate: Regression
    open_at: float
    """Log odds of the gate from which a prompt gets a block."""
    question_open_at: float
    """The same for a question: lower, since it asks for what is remembered more often than an order does."""
    search_open_at: float
    """Log odds of the gate from which a search finds anything, unless it asks for everything: lower, since
    who searches has a reason to."""
    show_from: float
    """Log odds from which a memory is shown."""
    overturned_from: float
    """Log odds from which a memory counts as overturned."""
    overturned_weight: float
    """What each unit beyond that takes from the log odds that it matters."""
    question_overturned_weight: float
    """The same for a question: less, since it may be about how things were, and the lines say when."""

    def opens(self, gate: float, *, asks: bool) -> bool:
        """Return whether a prompt gets a block, by the log odds of the gate and whether it is a question."""
        return gate >= (self.question_open_at if asks else self.open_at)

    def discount(self, overturned: Floats, *, asks: bool) -> Floats:
        """Return what is taken from the log odds of memories with these log odds of being overturned."""
        weight = self.question_overturned_weight if asks else self.overturned_weight
        discount: Floats = weight * np.maximum(overturned - self.overturned_from, 0)
        return discount

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> RecallModel:
        """Read one from JSON."""
        return cls(
            data.get("embedding_model"),
            Regression.read(data["standing"], SIGNS),
            Regression.read(data["relevance"], PAIR_FEATURES),
            Regression.read(data["overturned"], AGE_FEATURES),
            Regression.read(data["gate"], PROMPT_FEATURES),
            float(data["open_at"]),
            float(data["question_open_at"]),
            float(data["search_open_at"]),
            float(data["show_from"]),
            float(data["overturned_from"]),
            float(data["overturned_weight"]),
            float(data["question_overturned_weight"]),
        )


def unfold_codes(codes: NDArray[np.uint64], dimensions: int) -> Floats:
    """Return (memories, dimensions): the signs in codes as -1 and 1, scaled to length 1; 0 without a code.

    `codes` are (words, memories), as in `index.segments`.
    """
    if not len(codes) or not dimensions:
        return np.zeros((codes.shape[1] if codes.ndim > 1 else 0, dimensions))
    data = np.ascontiguousarray(codes.T).view(np.uint8)
    signs = 2.0 * np.unpackbits(data, axis=1, bitorder="little")[:, :dimensions] - 1
    signs[~codes.any(axis=0)] = 0
    scaled: Floats = signs / np.sqrt(dimensions)
    return scaled


def measure_cosines(signs: Floats, vector: Floats) -> Floats:
    """Return the approximate cosine of each row of `unfold_codes` with a vector of length 1.

    A vector reduced to its signs keeps about 0.8 of its length in its own direction.
    """
    if not len(vector) or not signs.size:
        return np.zeros(len(signs))
    cosines: Floats = signs @ vector * np.sqrt(np.pi / 2)
    return cosines


def to_probability(odds: float) -> float:
    """Return the probability for log odds."""
    return float(1 / (1 + np.exp(-odds)))
