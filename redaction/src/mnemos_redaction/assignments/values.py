"""Where a value ends that begins at a place."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mnemos_redaction.lazy_patterns import make_pattern


class Value(NamedTuple):
    """A value as it stands in a text."""

    start: int
    end: int
    text: str
    is_quoted: bool


#: A quotation mark, behind as many backslashes as strings in strings need; or as HTML and addresses write it.
QUOTE: Final = r"\\{0,7}(?:\"{3}|'{3}|[\"'`])|&quot;|&\#3[49];|\\{1,7}u002[27]|%2[27]"

_OPENING: Final = make_pattern(rf"[bBfFrRuUL@$]{{0,2}}(?P<quote>{QUOTE})")
_PLAIN_QUOTES: Final = frozenset("\"'`")
_TRIPLE: Final = 3
_LONGEST_QUOTED: Final = 8_192
_LONGEST_UNQUOTED: Final = 128
#: Scripts that need no blank between a value and what follows it.
_UNSPACED: Final = r"\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef"
_PLAIN: Final = rf"[^\s\"'`\\<{_UNSPACED}]"
_ESCAPE: Final = r"\\(?![nrtu\"'`\\])"  # a backslash that belongs to the value
_UNQUOTED: Final = make_pattern(rf"(?:{_PLAIN}|{_ESCAPE}|<(?!/)){_PLAIN}*(?:(?:{_ESCAPE}|<(?!/)){_PLAIN}*)*")
_LINE_REST: Final = make_pattern(rf"(?:[^\s\\]|{_ESCAPE})[^\s\\]*(?:{_ESCAPE}[^\s\\]*)*")
#: Where the next assignment begins in an address, a connection string or a list of arguments.
_NEXT_PAIR: Final = make_pattern(r"[&;,\]](?:(?<=[&;,])(?=[\w.$\[\]-]{1,64}[=:])|(?<=&)amp;|(?<=\])\()")
_NEXT_MEMBER: Final = make_pattern(r",(?=[\w.$\[\]-]{1,64}:)|\]\(")
_CLOSERS: Final = {")": "(", "]": "[", "}": "{", ">": "<"}


def read_value(text: str, start: int, *, takes_line: bool = False, is_member: bool = False) -> Value | None:
    """Read the value that begins at a place: what is within its quotes, or all up to the next blank.

    Of a value without quotes only the first 128 characters are read; see `find_end`.

    Args:
        text: where it stands.
        start: where it begins, or its quotation mark.
        takes_line: whether nothing but the value can stand in the rest of the line, as in an env file.
        is_member: whether it stands behind a colon, so that the next pair begins behind a comma.
    """
    opening = _OPENING.match(text, start)
    if opening is not None:
        end = _find_closing(text, opening.end(), opening["quote"])
        if end is not None:
            return Value(opening.end(), end, text[opening.end() : end], is_quoted=True)
        start = opening.end()
    pattern = _LINE_REST if takes_line and opening is None else _UNQUOTED
    match = pattern.match(text, start, start + _LONGEST_UNQUOTED)
    if match is None:
        return None
    raw = match[0]
    if not takes_line:
        raw = _cut(raw, _NEXT_MEMBER if is_member else _NEXT_PAIR)
    raw = _strip_end(raw)
    return Value(start, start + len(raw), raw, is_quoted=False) if raw else None


def find_end(text: str, value: Value) -> int:
    """Return where a value ends that may be longer than what was read of it."""
    if value.is_quoted or value.end - value.start < _LONGEST_UNQUOTED:
        return value.end
    match = _UNQUOTED.match(text, value.end)
    return value.end if match is None else value.end + len(_strip_end(_cut(match[0], _NEXT_PAIR)))


def _cut(raw: str, following: re.Pattern[str]) -> str:
    found = following.search(raw)
    return raw if found is None else raw[: found.start()]


def has_paired_brackets(text: str) -> bool:
    """Whether as many brackets are closed as opened."""
    return all(text.count(closing) == text.count(opening) for closing, opening in _CLOSERS.items())


def _find_closing(text: str, start: int, quote: str) -> int | None:
    """Find where a quoted value ends, in the same line; triple quotes may span lines."""
    limit = start + _LONGEST_QUOTED
    at = text.find(quote, start, limit)
    while at > start and quote in _PLAIN_QUOTES and _is_escaped(text, start, at):
        at = text.find(quote, at + 1, limit)
    if at < 0 or (len(quote) != _TRIPLE and text.find("\n", start, at) >= 0):
        return None
    return at


def _is_escaped(text: str, start: int, at: int) -> bool:
    """Whether an odd number of backslashes stands before a place."""
    before = text[max(start, at - 64) : at]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _strip_end(raw: str) -> str:
    """Take off what closes a sentence, or a bracket or quote that opened before."""
    while raw:
        last = raw[-1]
        if last in ".,;:\"'`" or (last in _CLOSERS and raw.count(last) > raw.count(_CLOSERS[last])):
            raw = raw[:-1]
        elif raw.endswith(("**", "__")):
            raw = raw[:-2]
        else:
            break
    return raw
