"""Late interaction: how well some word of a memory matches each word of a question, by their binary codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnemo_server.index.segments.vectors import (
    STEPS,
    TOKEN_BITS,
    TOKEN_BYTES,
    Floats32,
    project_tokens,
    round_to_steps,
    sum_signs,
)


def match_tokens(tokens: Floats32, codes: Sequence[bytes]) -> NDArray[np.float64]:
    """Return for each token of a question (rows) its best cosine, 0 to 1, in each memory (columns).

    `tokens` are as in `Embedding`; `codes` come from `encode_tokens`. A memory without words gets 0.
    """
    counts = np.fromiter(map(len, codes), dtype=np.int64, count=len(codes)) // TOKEN_BYTES
    result = np.zeros((len(tokens), len(codes)))
    if not len(tokens) or not counts.any():
        return result
    question = round_to_steps(project_tokens(tokens))
    packed = np.frombuffer(b"".join(codes), dtype=np.uint8).reshape(-1, TOKEN_BYTES)
    sums = sum_signs(packed, question)
    filled = np.flatnonzero(counts)
    begins = (np.cumsum(counts) - counts)[filled]
    best = np.maximum.reduceat(sums, begins, axis=0).T
    result[:, filled] = np.clip(best / (STEPS * np.sqrt(TOKEN_BITS)), 0, 1)
    return result
