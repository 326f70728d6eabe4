"""Turns totals into probabilities that a memory answers the question.

Two values determine the probability: how close a memory's total is to the best one, and how much of the
question the best memory covers. The numbers are a logistic regression over the first fifty hits of LoCoMo's
and of coding agents' questions, each also asked of conversations that contain no answer; decision 13 has the
fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Calibration:
    """Log odds: `base + near * r + leader * r**4 + quality * ln(q)`; r is the share of the best total."""

    base: float
    near: float
    leader: float
    quality: float


BY_KEYWORDS = Calibration(-4.5, 3.2, 2.3, 1.2)
BY_MEANING = Calibration(-4.4, 2.1, 4.2, 2.3)

_WORST_QUALITY = 1e-3


def estimate_relevance(
    shares: NDArray[np.float64], quality: float, calibration: Calibration
) -> NDArray[np.float64]:
    """Return the probability that each memory answers the question: 0 to 1, increasing with its share.

    `shares` are shares of the best total, at most 1; `quality` is as in `context.Scored`.
    """
    shares = np.maximum(shares, 0.0)
    odds = calibration.base + calibration.near * shares + calibration.leader * shares**4
    odds += calibration.quality * np.log(max(quality, _WORST_QUALITY))
    estimate: NDArray[np.float64] = 1 / (1 + np.exp(-odds))
    return estimate
