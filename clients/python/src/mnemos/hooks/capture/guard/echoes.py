"""Echoes: texts that repeat what recall put into the conversation."""

from __future__ import annotations

import re
from functools import lru_cache

from mnemos._generated.recalled import OPENING, strip_recalled

#: A line of a recalled block: its bullet, an id and a day. It may be quoted.
_LINE = re.compile(r"[>\s]*[-*] \[[0-9a-z]{13,32}(?:, \d{4}-\d\d-\d\d)?\] \S")
#: A word; in scripts without spaces, a character.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)
#: Number of consecutive words that must be the same: shorter runs are common phrases.
_RUN = 4
#: Share of recalled words that makes a text an echo. Users ask the same question again in much the same
#: words, so their share is higher.
_MIN_SHARE = 0.75
_MIN_SHARE_OF_USER = 0.9
_FEWEST_WORDS_OF_USER = 8
#: Maximum number of words of an introduction, which are not counted ("According to what I remember from
#: earlier sessions: …"), and the punctuation and words that end it.
_INTRODUCTION_WORDS = 10
_ENDS_INTRODUCTION = re.compile(r"[:,;\n*\"\u201c\u201e\u00ab\u2013\u2014\uff1a]|\b(?:that|dass|que) $")


def is_recalled_block(content: str) -> bool:
    """Return whether a text is a recalled block, or lines of one, with little else."""
    if OPENING in content:
        rest = strip_recalled(content)
        return len(_WORD.findall(rest)) <= _RUN
    if "- [" not in content and "* [" not in content:
        return False
    lines = [line for line in content.splitlines() if line.strip(" \t>")]
    recalled = [line for line in lines if _LINE.match(line)]
    return sum(map(len, recalled)) >= _MIN_SHARE * sum(map(len, lines))


def is_echo(role: str, content: str, recalled: tuple[str, ...]) -> bool:
    """Return whether most of a text is contained in the recalled memories, in runs of words.

    A text of fewer than four words is no echo. A text that contradicts or uses a memory has words of its own.
    """
    if not recalled:
        return False
    lowered = content.lower()
    places = list(_WORD.finditer(lowered))
    words = [place[0] for place in places]
    known = _collect_runs(recalled)
    covered = [False] * len(words)
    for start in range(len(words) - _RUN + 1):
        if tuple(words[start : start + _RUN]) in known:
            covered[start : start + _RUN] = [True] * _RUN
    count = sum(covered)
    if role == "user":
        return len(words) >= _FEWEST_WORDS_OF_USER and count >= _MIN_SHARE_OF_USER * len(words)
    if not count:
        return False
    introduction = covered.index(True)
    if not 0 < introduction <= min(_INTRODUCTION_WORDS, count) or not _ENDS_INTRODUCTION.search(
        lowered[places[introduction - 1].start() : places[introduction].start()]
    ):
        introduction = 0
    return count >= _MIN_SHARE * (len(words) - introduction)


@lru_cache(maxsize=2)
def _collect_runs(recalled: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(
        tuple(words[start : start + _RUN])
        for words in map(_split, recalled)
        for start in range(len(words) - _RUN + 1)
    )


def _split(text: str) -> list[str]:
    return _WORD.findall(text.lower())
