"""What is measured of a prompt and of each memory that may matter for it: the input of the fitted model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mnemo_server.domain.recall.signs import SIGNS

Floats = NDArray[np.float64]

#: What describes one memory with a prompt, in the order of `describe_pairs`.
PAIR_FEATURES: Final = ("share", "closeness", "covered", "literals", "cosine", *SIGNS)
#: What describes a prompt with all that was found, in the order of `describe_prompt`.
PROMPT_FEATURES: Final = (
    "best",
    "second",
    "third",
    "fifth",
    "sum",
    "cosine",
    "cosine_mean",
    "covered",
    "covered_mean",
    "literals",
    "words",
    "asks",
    "pasted",
)
_NEAR: Final = 5


@dataclass(frozen=True, slots=True)
class Pairs:
    """What search measured of the memories found for a prompt; all arrays have one number for each memory."""

    share: Floats
    """Share of the best total."""
    closeness: Floats
    """Cosine of the vectors, where rare words of the prompt count more."""
    covered: Floats
    """Share of what the prompt looks for that the memory says itself."""
    literals: Floats
    """Share of the prompt's rare literals, such as identifiers and codes, that the memory contains."""
    cosine: Floats
    """Cosine of the vectors."""
    signs: Floats
    """(memories, signs): as `signs.read_signs` returns them."""


def describe_pairs(pairs: Pairs) -> Floats:
    """Return (memories, `PAIR_FEATURES`)."""
    return np.column_stack(
        (pairs.share, pairs.closeness, pairs.covered, pairs.literals, pairs.cosine, pairs.signs)
    )


def describe_prompt(text: str, words: str, pairs: Pairs, relevance: Floats) -> Floats:
    """Return (`PROMPT_FEATURES`,); `relevance` are the log odds of each memory, `words` as in `Prompt`."""
    best = np.sort(relevance)[::-1]
    cosine = np.sort(pairs.cosine)[::-1]
    covered = np.sort(pairs.covered)[::-1]
    return np.array(
        [
            _at(best, 0),
            _at(best, 1),
            _at(best, 2),
            _at(best, 4),
            float(np.log1p((1 / (1 + np.exp(-best))).sum())),
            _at(cosine, 0, 0.0),
            float(cosine[:_NEAR].mean()) if len(cosine) else 0.0,
            _at(covered, 0, 0.0),
            float(covered[:_NEAR].mean()) if len(covered) else 0.0,
            float(pairs.literals.max(initial=0.0)),
            float(np.log1p(len(words.split()))),
            float("?" in words),
            float(len(words) < len(text)),
        ]
    )


def _at(values: Sequence[float] | Floats, place: int, default: float = -6.0) -> float:
    return float(values[place]) if place < len(values) else default
