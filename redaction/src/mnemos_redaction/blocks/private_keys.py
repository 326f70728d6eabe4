"""The rules for blocks of private keys: PEM, OpenSSH, PGP, PuTTY; whole, escaped on one line, or cut off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from mnemos_redaction.lazy_patterns import make_pattern
from mnemos_redaction.marks import Span

KIND: Final = "private_key"
_LONGEST_BLOCK: Final = 65_536  # characters

_NAME: Final = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?[ ]?-{4,5}"
_BEGIN: Final = make_pattern(rf"-{{4,5}}[ ]?BEGIN {_NAME}|Private-Lines: ?\d{{1,3}}(?=\s)")
_END: Final = make_pattern(rf"-{{4,5}}[ ]?END {_NAME}|Private-MAC: ?[0-9a-f]{{40,}}")
_MATERIAL: Final = make_pattern("[A-Za-z0-9+/=]{16,}")

#: What surrounds a line of a block in diffs, quotes, comments and code.
_AROUND: Final = r"[ \t>|#*\"'`,;+-]{0,40}"
_LINE: Final = make_pattern(
    rf"{_AROUND}(?:(?P<key>[A-Za-z0-9/][A-Za-z0-9+/=]{{0,2000}})|[A-Z][A-Za-z-]{{1,20}}: [^\r\n\\]{{0,200}}|)"
    rf"{_AROUND}"
    r"(?:\\{0,7}\\r)?(?:\\{0,7}\\n|\r?\n|$|(?=\0))"
)
_PLAIN_WORD: Final = make_pattern("[A-Z]?[a-z]{1,14}")
#: The part of a key at the beginning of a line that continues with something else.
_BROKEN_LINE: Final = make_pattern(
    rf"{_AROUND}(?:[A-Za-z0-9/][A-Za-z0-9+/=]{{19,2000}}|(?=[a-z+/]{{0,20}}[A-Z0-9])(?=[A-Z+/]{{0,20}}[a-z0-9])[A-Za-z0-9+/=]{{8,}})"
)
#: A block with blanks instead of line breaks.
_ONE_LINE: Final = make_pattern(r"(?:[ \t\"'`,;]{1,8}[A-Za-z0-9+/=]{20,2000}){1,2000}")

#: Base64 of "-----BEGIN", and of "PRIVATE KEY" at each of its three shifts.
_ENCODED: Final = make_pattern("LS0tLS1CRUdJTi[A-Za-z0-9+/=]{20,}")
_ENCODED_NAMES: Final = ("UFJJVkFURSBLRV", "BSSVZBVEUgS0VZ", "QUklWQVRFIEtFW")
_NAMED_WITHIN: Final = 80


def find_private_keys(text: str) -> Iterator[Span]:
    """Find private keys, with their first and last lines."""
    begins = list(_BEGIN.finditer(text))
    for begin, following in zip_longest(begins, begins[1:]):
        limit = len(text) if following is None else following.start()
        end = _find_end(text, begin.end(), min(limit, begin.end() + _LONGEST_BLOCK))
        if end is not None:
            yield Span(begin.start(), end, KIND)


def find_encoded_keys(text: str) -> Iterator[Span]:
    """Find private keys that were encoded again as a whole, as in Kubernetes manifests."""
    for match in _ENCODED.finditer(text):
        head = text[match.start() : match.start() + _NAMED_WITHIN]
        if any(name in head for name in _ENCODED_NAMES):
            yield Span(*match.span(), KIND)


def _find_end(text: str, start: int, limit: int) -> int | None:
    """Return the end of a block; None if no key follows its first line."""
    closing = _END.search(text, start, limit)
    if closing is None:
        return _find_cut(text, start, limit)
    return closing.end() if _MATERIAL.search(text, start, closing.start()) else None


def _find_cut(text: str, start: int, limit: int) -> int | None:
    """Return the end of a block without a last line: the end of the lines that look like a key."""
    end = None
    at = start
    if (in_one_line := _ONE_LINE.match(text, start, limit)) is not None:
        end = at = in_one_line.end()
    while at < limit:
        line = _LINE.match(text, at, limit)
        if line is None or line.end() == at:
            broken = _BROKEN_LINE.match(text, at, limit)
            return end if broken is None else broken.end()
        if line["key"] is not None:
            if _PLAIN_WORD.fullmatch(line["key"]):
                return end
            end = line.end("key")
        at = line.end()
    return end
