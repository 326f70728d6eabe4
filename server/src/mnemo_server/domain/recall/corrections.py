"""Corrections: signs that a newer memory overturns an older one, in their wording and their vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.recall.features import Floats
from mnemo_server.domain.recall.signs import QUESTION_MARKS, SIGNS

#: What is measured of a memory and the newer ones about the same thing, in the order of `describe_ages`.
AGE_FEATURES: Final = (
    "near",
    "near_changing",
    "near_later",
    "near_changing_later",
    "near_by_person",
    "common",
    "common_changing",
    "common_later",
    "near_relevant",
    "near_changing_relevant",
    "common_relevant",
    "common_changing_relevant",
    "newer",
    *(f"sign_{name}" for name in SIGNS),
)
_CHANGE: Final = re.compile(
    r"\b(?:no longer|not any ?more|any ?more|instead|from now on|replac\w+|scrap|forget (?:what|about|the)"
    r"|correction|was wrong|revert\w*|undo|supersed\w*|rather than|used to|previously|change of plan"
    r"|scratch that|changes? to|moved?|switch\w*|drop\w*|gone|renam\w+|removed?)\b",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[\w./-]{3,}")
_READ_CHARACTERS: Final = 2_000
#: A text with at most this share of words of its own repeats the other one.
_REPEATED_SHARE: Final = 0.34
#: Log odds of a memory that matters about as much as the last one shown.
_MIDDLING: Final = -3.0


def describe_ages(
    memories: Sequence[StoredMemory], directions: Floats, odds: Floats, signs: Floats, compared: int
) -> Floats:
    """Return (compared, `AGE_FEATURES`): for each of the first memories, how the newer ones relate to it.

    Args:
        memories: what was found, best first.
        directions: (memories, dimensions), as `model.unfold_codes` returns them.
        odds: (memories,), log odds that each one matters.
        signs: (memories, signs), as `signs.read_signs` returns them.
        compared: how many of the first memories to describe.
    """
    count = min(compared, len(memories))
    if not count:
        return np.zeros((0, len(AGE_FEATURES)))
    texts = [one.content[:_READ_CHARACTERS] for one in memories]
    words = [frozenset(_WORD.findall(text.lower())) for text in texts]
    times = np.array([(one.created_at, one.seq or 0, one.id) for one in memories])
    order = np.empty(len(memories), dtype=np.int64)
    order[np.lexsort((times[:, 2], times[:, 1], times[:, 0]))] = np.arange(len(memories))
    is_newer = (order[None, :] > order[:count, None]) & _says_something_else(texts, words, count)
    is_later = is_newer & (
        np.array([one.session_id for one in memories])[None, :] != _sessions(memories, count)
    )
    changes = np.array([_CHANGE.search(text) is not None for text in texts])
    by_person = signs[:, 0] > 0
    near = (
        np.maximum(directions[:count] @ directions.T, 0) if directions.shape[1] else np.zeros(is_newer.shape)
    )
    common = _share_words(words, count)
    relevant = 1 / (1 + np.exp(-(odds - _MIDDLING)))
    columns = (
        _best(near, is_newer),
        _best(near, is_newer & changes),
        _best(near, is_later),
        _best(near, is_later & changes),
        _best(near, is_newer & by_person),
        _best(common, is_newer),
        _best(common, is_newer & changes),
        _best(common, is_later),
        _best(near * relevant, is_newer),
        _best(near * relevant, is_newer & changes),
        _best(common * relevant, is_newer),
        _best(common * relevant, is_newer & changes),
        is_newer[:, :count].mean(axis=1),
    )
    return np.column_stack((*columns, signs[:count]))


def _says_something_else(
    texts: Sequence[str], words: Sequence[frozenset[str]], count: int
) -> NDArray[np.bool_]:
    """Return (count, memories): whether a text could overturn one of the first ones.

    A question overturns nothing, nor does a text of whose words the other one has most.
    """
    is_able = np.zeros((count, len(texts)), dtype=np.bool_)
    for column, (text, theirs) in enumerate(zip(texts, words, strict=True)):
        if theirs and not text.rstrip().endswith(QUESTION_MARKS):
            for row, mine in enumerate(words[:count]):
                is_able[row, column] = len(theirs - mine) > _REPEATED_SHARE * len(theirs)
    return is_able


def _sessions(memories: Sequence[StoredMemory], count: int) -> np.ndarray:
    return np.array([one.session_id for one in memories[:count]])[:, None]


def _best(values: Floats, allowed: np.ndarray) -> Floats:
    """Return the highest allowed value in each row, 0 if there is none."""
    best: Floats = np.where(allowed, values, 0.0).max(axis=1)
    return best


def _share_words(words: Sequence[frozenset[str]], count: int) -> Floats:
    """Return (count, memories): the common words of two texts, as a share of the shorter one."""
    shares = np.zeros((count, len(words)))
    for row, mine in enumerate(words[:count]):
        for column, theirs in enumerate(words):
            least = min(len(mine), len(theirs))
            shares[row, column] = len(mine & theirs) / least if least else 0.0
    return shares
