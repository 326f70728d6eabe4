"""Quantiles of what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence


def find_quantile(values: Sequence[float], share: float) -> float:
    """Return the lowest of at least one value that this share of them doesn't exceed; `share` is 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]
