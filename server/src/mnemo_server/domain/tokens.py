"""Estimates how many tokens of a language model a text takes, without any model's tokenizer."""

from __future__ import annotations

from typing import Final

#: Hundredths of a token for each character of a kind, or for each byte outside ASCII. Measured against the
#: tokenizers cl100k and o200k: estimates are 1.1 to 1.7 times the count for prose and code, 1.1 to 3.7 times
#: for other scripts, and down to 0.75 times for random keys and emoji.
_PER_SMALL: Final = 28
_PER_CAPITAL: Final = 90
_PER_DIGIT: Final = 65
_PER_SIGN: Final = 50
_PER_FOREIGN_BYTE: Final = 50

#: The estimate is three quarters of the tokens that the worst of those texts take.
_MOST_PARTS: Final = 4
_ESTIMATE_PARTS: Final = 3
#: Tokens that a model adds around a text.
_MARKS: Final = 4

_SMALL: Final = bytes(range(ord("a"), ord("z") + 1)) + b" \n"
_CAPITALS: Final = bytes(range(ord("A"), ord("Z") + 1))
_DIGITS: Final = b"0123456789"
_FOREIGN: Final = bytes(range(128, 256))
#: The share of a shortened text that comes from its beginning: two thirds.
_HEAD_PARTS: Final = 2
_PARTS: Final = 3


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text, rather too high; two texts joined take no more than the sum of both."""
    return -(-_weigh(text) // 100)


def estimate_most(text: str) -> int:
    """Estimate the tokens of a text so high that no measured tokenizer exceeds it."""
    return min(bound_tokens(text), -(-_weigh(text) * _MOST_PARTS // (100 * _ESTIMATE_PARTS)))


def bound_tokens(text: str) -> int:
    """Return an upper bound for every tokenizer: one token per byte, plus the marks that a model adds."""
    return len(text.encode("utf-8", "surrogatepass")) + _MARKS


def cut_middle(text: str, limit: int) -> str:
    """Shorten a text to `limit` tokens by cutting its middle, where a note says how much is missing.

    If the limit is too small even for the note, return the note alone.
    """
    if estimate_tokens(text) <= limit:
        return text
    low, high = 0, len(text) - 1
    while low < high:
        kept = (low + high + 1) // 2
        if estimate_tokens(_join_ends(text, kept)) <= limit:
            low = kept
        else:
            high = kept - 1
    return _join_ends(text, low)


def _weigh(text: str) -> int:
    """Return the estimate in hundredths of tokens."""
    data = text.encode("utf-8", "surrogatepass")
    small = _count(data, _SMALL)
    capitals = _count(data, _CAPITALS)
    digits = _count(data, _DIGITS)
    foreign = _count(data, _FOREIGN)
    signs = len(data) - small - capitals - digits - foreign
    return (
        small * _PER_SMALL
        + capitals * _PER_CAPITAL
        + digits * _PER_DIGIT
        + signs * _PER_SIGN
        + foreign * _PER_FOREIGN_BYTE
    )


def _count(data: bytes, characters: bytes) -> int:
    """Return how many bytes are among `characters`; in C, since a message may have 200,000."""
    return len(data) - len(data.translate(None, characters))


def _join_ends(text: str, kept: int) -> str:
    """Return `kept` characters of a text, most from its beginning, with the note between both ends."""
    head = kept * _HEAD_PARTS // _PARTS
    tail = kept - head
    note = f"\n[… {len(text) - kept} characters left out …]\n"
    return f"{text[:head]}{note}{text[len(text) - tail :]}"
