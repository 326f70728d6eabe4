"""Traits of a memory's wording that show its value as an answer: a few bits, set when it is written.

Layout: bit 0: it ends with a question mark; bit 1: it contains one; bit 2: it names a time; bits 3 and 4: how
specific it is, 0 to 3. Stored entries outlive the code, so the bits are fixed. English only: in other
languages most bits stay 0, and ranking relies on the terms.
"""

from __future__ import annotations

import re
from typing import Final

ENDS_ASKING: Final = 1
ASKS: Final = 2
TELLS_TIME: Final = 4
SPECIFIC_SHIFT: Final = 3
MOST_SPECIFIC: Final = 3

_QUESTION_MARKS = ("?", "\uff1f")
_CLOSERS = " \t\r\n\"'\u201d\u2019)]*_"

_TIME = re.compile(
    r"\b(?:yesterday|today|tonight|tomorrow|morning|last|next|ago|since|recently|just|weekend|week|month|years?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|20\d\d)\b",
    re.IGNORECASE,
)
_QUOTES = '"\u201c'
_EDGES = "\"'\u201c\u201d\u2018\u2019()[]{}<>*,;:.!?"
_CODE = re.compile(r"\d|\w_\w|/\w|\w/|[a-z][A-Z]")
_NAME = re.compile(r"[A-Z]\w")
_WORD_LIMIT = 200  # a longer run between two blanks is not a word but data, or a script without blanks


def describe(text: str) -> int:
    """Return the traits of a text; pass it without the speaker and date that search puts before it."""
    traits = measure_specificity(text) << SPECIFIC_SHIFT
    if text.rstrip(_CLOSERS).endswith(_QUESTION_MARKS):
        traits |= ENDS_ASKING
    if any(mark in text for mark in _QUESTION_MARKS):
        traits |= ASKS
    if _TIME.search(text):
        traits |= TELLS_TIME
    return traits


def measure_specificity(text: str) -> int:
    """Return the count of names in mid-sentence, numbers, identifiers, paths and quotations, up to 3."""
    count = 0
    begins_sentence = True
    for word in text.split():
        core = word.strip(_EDGES)
        if len(core) <= _WORD_LIMIT:
            is_name = not begins_sentence and _NAME.match(core)
            count += bool(is_name or word[0] in _QUOTES or _CODE.search(core))
        if count >= MOST_SPECIFIC:
            return MOST_SPECIFIC
        begins_sentence = word.endswith((".", "!", "?"))
    return count
