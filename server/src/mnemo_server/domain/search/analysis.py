r"""Turns text into search terms, by the same rules for memories and for questions.

Plain words are folded (case, width, accents) and stemmed; stop words are removed. Text that a developer would
paste literally (identifiers, paths, error codes, versions, flags, URLs, hashes, addresses) is both kept whole
and split: the whole term is unstemmed, its parts are stemmed. Scripts written without spaces become pairs of
characters.

No pattern backtracks once it has matched, so the time is linear in the length of the text.
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from Stemmer import Stemmer

from mnemo_server.domain.search.stopwords import CONTRACTED_ENDINGS, STOP_WORDS

WHOLE_LIMIT = 128
"""Characters of the longest term kept as it is; a longer literal is replaced by its digest on both sides."""

_STEM_LIMIT = 40  # no English word is longer; the stemmer is slow on long strings
_CACHED_LENGTH = 64  # longer tokens rarely repeat and would fill the cache
_MARK_LIMIT = 16  # combining marks kept in a row: normalising a longer run takes quadratic time

UNSPACED = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff"  # Hangul
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecd\u1000-\u103f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
)
_MARKS = "".join(chr(code) for code in range(0x300, 0x1F000) if unicodedata.category(chr(code))[0] == "M")
_LONG_MARK_RUN = re.compile(
    f"[{_MARKS}\uff9e\uff9f]{{{_MARK_LIMIT + 1},}}"
)  # halfwidth voicing becomes a mark
_ACCENTS = re.compile("[\u0300-\u036f\u20d0-\u20ff]+")
_PHRASES = {
    0xFDFA: " ",
    0xFDFB: " ",
}  # whole Arabic phrases in one character, which grow up to 18 times as long
_SPELLED_ALIKE = str.maketrans(
    {"\u2019": "'", "\u02bc": "'", "\u2010": "-", "\u2212": "-"}
    | dict.fromkeys("\u00ad\u200c\u200d\u2060\ufeff", "")
    | dict.fromkeys(map(chr, range(0xFE00, 0xFE10)), "")
)

# No possessive groups: Python before 3.11.5 doesn't backtrack correctly out of one that fails half way
# (its issue 106052).
_WORD = rf"(?:[^\W{UNSPACED}][{_MARKS}]*+)+"
_TOKEN = re.compile(
    rf"(?P<unspaced>[{UNSPACED}]++)"
    rf"|(?:--?|[.@#$]|~?/)?{_WORD}(?:[-._/\\:@#+~=&?%']++{_WORD})*(?:\+\+|\#)?"
)
_SIGILS = "-.@#$~/+"
_JOINED = re.compile(r"[-._/\\:@#+~=&?%]")
_SEGMENT_BREAK = re.compile(r"[/\\:@#+~=&?%]+")
_PIECE_BREAK = re.compile(r"[-.]+")
_VERSION = re.compile(r"[vV]\d+\.\d")
_LOCATION = re.compile(r"(?::\d+)+$")  # the line and column behind a path
_CODE_JOINT = re.compile(r"\w(?:[_/\\:@#~=&%]|::|\.\w)")
_SHORT_NUMBER = 4  # digits of a year
_HUMP = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]{2}")
_HUMPS = re.compile(r"[A-Z]++s?+(?![a-z])|[A-Z]?+[a-z]++|[A-Z]+(?=[A-Z])|\d++")
_LETTERS_AND_DIGITS = re.compile(r"([A-Za-z]+)(\d+)|(\d+)([A-Za-z]+)")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]+|(?=[a-fA-F]*\d)[0-9a-fA-F]{7,}")

_Term = tuple[str, bool]  # the term, and whether it is only a part of what was written
_stemmers = threading.local()  # a stemmer has state for the current word, so threads can't share one


def analyse(text: str) -> list[str]:
    """Return all terms of a document, with repeats, in the order of the text."""
    return [term for term, _ in _scan(text)]


def analyse_query(text: str, *, limit: int = 64) -> list[str]:
    """Return at most `limit` distinct terms of a question: whole terms first, then their parts."""
    terms = list(_scan(text))
    wholes = (term for term, is_part in terms if not is_part)
    distinct = dict.fromkeys(wholes) | dict.fromkeys(term for term, _ in terms)
    return list(distinct)[:limit]


def find_literals(text: str) -> frozenset[str]:
    """Return the terms that were written literally: identifiers, paths, codes, versions, addresses.

    Words with a hyphen and short bare numbers are ordinary language, and are left out.
    """
    return frozenset(
        _whole(match[0].strip(_SIGILS))
        for match in _TOKEN.finditer(normalise(text))
        if match.lastgroup != "unspaced" and _is_literal(match[0].strip(_SIGILS))
    )


def _is_literal(body: str) -> bool:
    if body.isdigit():
        return len(body) > _SHORT_NUMBER
    has_digit = any(character.isdigit() for character in body)
    return has_digit or _HUMP.search(body) is not None or _CODE_JOINT.search(body) is not None


def _scan(text: str) -> Iterator[_Term]:
    for match in _TOKEN.finditer(normalise(text)):
        token = match[0]
        if match.lastgroup == "unspaced":
            yield from _pairs(token)
        elif len(token) <= _CACHED_LENGTH:
            yield from _cached_token_terms(token)
        else:
            yield from _token_terms(token)


def normalise(text: str) -> str:
    """Unify width, ligatures, apostrophes, hyphens and invisible characters; keep case, for camelCase."""
    if text.isascii():
        return text
    text = _LONG_MARK_RUN.sub(lambda run: run[0][:_MARK_LIMIT], text).translate(_PHRASES)
    return unicodedata.normalize("NFKC", text).translate(_SPELLED_ALIKE)


def _pairs(run: str) -> Iterator[_Term]:
    """Yield each pair of neighbouring characters, or the only character."""
    if len(run) == 1:
        yield run, False
    for left, right in pairwise(run):
        yield left + right, False


def _token_terms(token: str) -> list[_Term]:
    body = token.strip(_SIGILS)
    if not body.strip("_"):
        return []
    terms = [(_whole(token), False)] if token != body else []
    if not _JOINED.search(body):
        return terms + _word_terms(body, is_part=False)
    return [*terms, *_wholes(body, is_part=False), *_part_terms(body)]


@lru_cache(maxsize=32_768)
def _cached_token_terms(token: str) -> tuple[_Term, ...]:
    return tuple(_token_terms(token))


def _part_terms(body: str) -> Iterator[_Term]:
    """Split by levels: `src/my_app.py` yields my_app.py, my_app, my, app, py and src."""
    for segment in _SEGMENT_BREAK.split(body):
        if segment != body and _JOINED.search(segment):
            yield from _wholes(segment, is_part=True)
        for piece in _PIECE_BREAK.split(segment):
            if piece != segment and "_" in piece.strip("_"):
                yield _whole(piece), True
            for word in piece.split("_"):
                if len(word) > 1:
                    yield from _word_terms(word, is_part=True)


def _wholes(text: str, *, is_part: bool) -> list[_Term]:
    terms = [(_whole(text), is_part)]
    if _VERSION.match(text):
        terms.append((_whole(text[1:]), True))
    if len(text) <= WHOLE_LIMIT and (location := _LOCATION.search(text)) and "/" in text:
        terms.append((_whole(text[: location.start()]), True))
    return [term for term in terms if term[0] not in STOP_WORDS]


def _whole(text: str) -> str:
    folded = _fold(text)
    if len(folded) <= WHOLE_LIMIT:
        return folded
    return "=" + hashlib.blake2b(folded.encode(), digest_size=16).hexdigest()


def _word_terms(word: str, *, is_part: bool) -> list[_Term]:
    """Return the terms of one word without joiners: `users`, `don't`, `getUser`, `E1101`."""
    if "'" in word:
        return _apostrophe_terms(word, is_part=is_part)
    folded = _fold(word)
    if folded in STOP_WORDS:
        return []
    if len(folded) > WHOLE_LIMIT:
        return [(_whole(word), is_part)]
    parts = _split_word(word)
    if not parts:
        return [(_stem(folded), is_part)]
    terms = [(folded, is_part)]
    if (stem := _stem(folded)) != folded:
        terms.append((stem, True))  # `TypeScripts` and `typescripts` are one word
    kept = (part for part in map(_fold, parts) if len(part) > 1 and part not in STOP_WORDS)
    return terms + [(_stem(part), True) for part in kept]


def _apostrophe_terms(word: str, *, is_part: bool) -> list[_Term]:
    """Drop negations and endings (`isn't`, `user's`); split names (`O'Brien`)."""
    pieces = [piece for piece in word.split("'") if piece]
    if _fold(word).endswith("n't"):
        return []
    if len(pieces) > 1 and pieces[-1].casefold() in CONTRACTED_ENDINGS:
        pieces.pop()
    return [term for piece in pieces for term in _word_terms(piece, is_part=is_part)]


def _split_word(word: str) -> list[str]:
    """Split at humps, and between letters and digits; hashes and hexadecimal numbers stay whole."""
    if word.isalpha() and not _HUMP.search(word):
        return []
    if not word.isascii() or _HEXADECIMAL.fullmatch(word):
        return []
    if _HUMP.search(word):
        return _HUMPS.findall(word)
    match = _LETTERS_AND_DIGITS.fullmatch(word)
    return [part for part in match.groups() if part] if match else []


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", apart))


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    if len(word) > _STEM_LIMIT or not (word.isascii() and word.isalpha()):
        return word
    if not hasattr(_stemmers, "english"):
        _stemmers.english = Stemmer("english", 0)  # without a cache of its own
    return str(_stemmers.english.stemWord(word))
