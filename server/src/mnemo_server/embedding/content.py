"""Finds the words of a text that carry meaning, so that the vectors of their pieces are worth keeping."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from mnemo_server.domain.search.stopwords import CONTRACTED_ENDINGS, STOP_WORDS
from mnemo_server.embedding.local.wordpiece import has_letters

#: The endings that BERT's splitting leaves of "it's", "they'll" and "we'd"; `em` is also a word.
_ENDINGS: Final = CONTRACTED_ENDINGS - {"em"}
_APOSTROPHES: Final = frozenset("'\N{RIGHT SINGLE QUOTATION MARK}")
#: `don't` is split into three words.
_CONTRACTED_LENGTH: Final = 3


def find_content(words: Sequence[str]) -> list[int]:
    """Return the places of the pieces whose words are neither stop words, mere signs nor of other scripts.

    `words` contains the word of each piece, as in `Pieces`.
    """
    contracted = _find_contracted(words)
    return [place for place, word in enumerate(words) if place not in contracted and _is_content(word)]


def find_lettered(words: Sequence[str]) -> list[int]:
    """Return the places of the pieces whose words contain a letter or digit that the model can read."""
    return [place for place, word in enumerate(words) if _is_readable(word)]


def _find_contracted(words: Sequence[str]) -> set[int]:
    """Return the places of `doesn` in "doesn't" and similar words, which no list of stop words contains."""
    found = set()
    for place in range(len(words) - _CONTRACTED_LENGTH + 1):
        word, mark, ending = words[place : place + _CONTRACTED_LENGTH]
        if ending == "t" and mark in _APOSTROPHES and word.endswith("n"):
            while place >= 0 and words[place] == word:  # a rare word has several pieces
                found.add(place)
                place -= 1  # noqa: PLW2901 - walks back over the pieces of this word
    return found


@lru_cache(maxsize=16_384)
def _is_content(word: str) -> bool:
    return word not in STOP_WORDS and word not in _ENDINGS and _is_readable(word)


def _is_readable(word: str) -> bool:
    """Return whether a folded word can mean something to the model, which learned English.

    Words of other scripts have vectors too, but these don't reflect their meaning: such a question would find
    random memories, ranked above the memories that contain its exact words.
    """
    return word.isascii() and has_letters(word)
