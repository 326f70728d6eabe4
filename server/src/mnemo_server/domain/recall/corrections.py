"""Corrections: signs that a newer memory overturns an older one, in their wording and their vectors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.recall.features import Floats
from mnemo_server.domain.recall.signs import SIGNS, ends_asking

#: What is measured of a memory and the newer ones about the same thing, in the order of `describe_ages`: the
#: highest value that any newer one reaches. `near`: cosine; `common`: share of common words; `rare`: the
#: same, where rare words count more; `changing`: it says that something changed; `later`: in another session;
#: `apart`: not close by in the same session; `relevant`: times the probability that it matters.
AGE_FEATURES: Final = (
    "near",
    "near_changing",
    "near_later",
    "near_changing_later",
    "near_by_person",
    "near_relevant",
    "near_changing_relevant",
    "near_apart",
    "near_changing_apart",
    "near_relevant_apart",
    "common",
    "common_changing",
    "common_later",
    "common_relevant",
    "common_changing_relevant",
    "rare",
    "rare_relevant",
    "rare_changing_relevant",
    "rare_relevant_apart",
    "rare_by_person_apart",
    "near_rare_relevant_apart",
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
#: Messages of one session that are at most so many places apart answer each other.
_APART: Final = 2
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
    common, rare, new_share = _compare_words(texts, count)
    states = np.array([not ends_asking(text) for text in texts])
    # A question overturns nothing, nor does a text of whose words the other one has most.
    newer = _find_newer(memories, count) & states & (new_share > _REPEATED_SHARE)
    later, apart = _find_apart(memories, count)
    changes = np.array([_CHANGE.search(text) is not None for text in texts])
    by_person = signs[:, 0] > 0
    near = np.maximum(directions[:count] @ directions.T, 0) if directions.shape[1] else np.zeros(newer.shape)
    relevant = 1 / (1 + np.exp(-(odds - _MIDDLING)))
    columns = (
        _best(near, newer),
        _best(near, newer & changes),
        _best(near, newer & later),
        _best(near, newer & changes & later),
        _best(near, newer & by_person),
        _best(near * relevant, newer),
        _best(near * relevant, newer & changes),
        _best(near * new_share, newer & apart),
        _best(near * new_share, newer & changes & apart),
        _best(near * relevant * new_share, newer & apart),
        _best(common, newer),
        _best(common, newer & changes),
        _best(common, newer & later),
        _best(common * relevant, newer),
        _best(common * relevant, newer & changes),
        _best(rare, newer),
        _best(rare * relevant, newer),
        _best(rare * relevant, newer & changes),
        _best(rare * relevant, newer & apart),
        _best(rare, newer & by_person & apart),
        _best(near * rare * relevant, newer & apart),
        newer[:, :count].mean(axis=1),
    )
    return np.column_stack((*columns, signs[:count]))


def _compare_words(texts: Sequence[str], count: int) -> tuple[Floats, Floats, Floats]:
    """Compare the words of the first texts with those of all.

    Returns:
        Three times (count, texts): the common words as a share of the shorter text's; the same with each word
        weighted by how few of the texts have it; and the share of the other text's words that it adds.
    """
    words = [frozenset(_WORD.findall(text.lower())) for text in texts]
    known = Counter(word for mine in words for word in mine)
    place_of = {word: place for place, word in enumerate(known)}
    has = np.zeros((len(texts), len(known)))
    for row, mine in enumerate(words):
        has[row, [place_of[word] for word in mine]] = 1
    sizes, both = has.sum(axis=1), has[:count] @ has.T
    weights = np.log((len(texts) + 1) / np.array([*known.values()]))
    rare = _share(has[:count] * weights @ has.T, has @ weights, count)
    added = np.where(sizes > 0, 1 - both / np.maximum(sizes, 1), 0.0)
    return _share(both, sizes, count), rare, added


def _share(both: Floats, sizes: Floats, count: int) -> Floats:
    """Return what two texts have in common as a share of the smaller one; 0 for a text without words."""
    least = np.minimum(sizes[:count, None], sizes[None, :])
    share: Floats = both / np.where(least > 0, least, 1)
    return share


def _find_newer(memories: Sequence[StoredMemory], count: int) -> NDArray[np.bool_]:
    """Return (count, memories): whether a memory is newer than one of the first ones."""
    times = np.array([(one.created_at, one.seq or 0, one.id) for one in memories])
    order = np.empty(len(memories), dtype=np.int64)
    order[np.lexsort((times[:, 2], times[:, 1], times[:, 0]))] = np.arange(len(memories))
    newer: NDArray[np.bool_] = order[None, :] > order[:count, None]
    return newer


def _find_apart(memories: Sequence[StoredMemory], count: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (count, memories) twice: whether in another session, and whether there or not close by."""
    sessions = np.array([one.session_id for one in memories])
    seqs = np.array([one.seq or 0 for one in memories])
    other: NDArray[np.bool_] = sessions[None, :] != sessions[:count, None]
    return other, other | (np.abs(seqs[None, :] - seqs[:count, None]) > _APART)


def _best(values: Floats, allowed: NDArray[np.bool_]) -> Floats:
    """Return the highest allowed value in each row, 0 if there is none."""
    best: Floats = np.where(allowed, values, 0.0).max(axis=1)
    return best
