"""Recognizes repeats by a fingerprint of what a memory says, whatever its capitals, punctuation and spacing.

Two texts are alike only when they have the same words in the same order. Texts that differ in order, tense,
number or a sign such as `-` or `?` count as different: to store one twice costs less than a wrong "known
already".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from mnemo_server.domain.search.analysis import UNSPACED, normalise

#: Bytes of a fingerprint.
FINGERPRINT_BYTES: Final = 16

_CACHED_LENGTH: Final = 64  # longer tokens rarely repeat and would fill the cache

#: Words that don't change what a statement says. Words that negate, compare, place or date aren't among them.
_SILENT: Final = frozenset({"a", "an", "the", "is", "are", "that", "also", "please"})
_NEGATED: Final = {"can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not"}

_SEPARATOR = re.compile(r"[,;](?!\d)|(?<!\d)[,;]")  # 1,000 is one number
_TOKEN = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
_QUOTES: Final = "\"'`\u2018\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a\u300c\u300d\u300e\u300f"
_OPENING: Final = _QUOTES + "([\u3010\u300a\u3008"
_CLOSING: Final = _QUOTES + ")].,:;!\u3011\u300b\u3009\u3001\u3002"
_DASHES: Final = frozenset({"-", "--", "\u2013", "\u2014", "\u2022", "\u00b7"})
_QUESTION: Final = "?"
#: Words whose capitals carry no meaning. Paths, flags and names with an underscore are not among them.
_WORD = re.compile(r"[^\W_]+(?:[.'-][^\W_]+)*")
_ENDS_SENTENCE: Final = (".", "!", "?", ":", "\u3002")


def fingerprint(content: str, *, memory_type: str, project: str | None, subject: str | None) -> bytes:
    """Return 16 bytes that are equal for repeats: of one type, in one project, about one subject."""
    words = list(_read_words(content)) or content.split()
    place = (memory_type, project or "", subject or "")
    parts = ("\x1f".join(place), "\x1f".join(words))
    digest = hashlib.blake2b(digest_size=FINGERPRINT_BYTES)
    digest.update("\x00".join(parts).encode("utf-8", "surrogatepass"))
    return digest.digest()


def _read_words(content: str) -> Iterator[str]:
    """Yield the words that carry meaning, in their order."""
    is_first = True
    for token in _TOKEN.findall(_SEPARATOR.sub(" ", normalise(content))):
        words, is_first = (
            _read_token(token, is_first) if len(token) <= _CACHED_LENGTH else _read(token, is_first)
        )
        yield from words


def _read(token: str, is_first: bool) -> tuple[tuple[str, ...], bool]:
    """Return the words of a token, and whether the next token is the first of a sentence."""
    core = token.lstrip(_OPENING).rstrip(_CLOSING + _QUESTION)
    if not core or core in _DASHES:
        words = []
    elif core == "A" and not is_first:
        words = [core]  # within a sentence it is a name, as in "plan A"
    else:
        words = [word for word in _fold(core) if word not in _SILENT]
    if token.rstrip(_CLOSING).endswith(_QUESTION):
        words.append(_QUESTION)
    return tuple(words), token.rstrip(_QUOTES).endswith(_ENDS_SENTENCE)


_read_token = lru_cache(maxsize=32_768)(_read)


def _fold(core: str) -> list[str]:
    """Return a word in its one spelling, with a negation separated from its verb."""
    if not _WORD.fullmatch(core):
        return [core]
    word = core.casefold()
    if word not in _NEGATED and word.endswith("n't"):
        return [word[:-3], "not"]
    return _NEGATED.get(word, word).split()
