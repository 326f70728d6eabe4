"""Finds JSON objects in the text that a model wrote."""

from __future__ import annotations

import re
from typing import Final

#: The reasoning that some models write before their response.
_THOUGHTS: Final = re.compile(r"\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
#: The signs that matter outside and inside of strings.
_OUTSIDE: Final = re.compile(r'[{}"]')
_INSIDE: Final = re.compile(r'\\.|"', re.DOTALL)


def find_objects(text: str) -> list[str]:
    """Return the outermost passages between matching braces, in order and in linear time.

    A passage within another pair is not returned by itself, valid or not: a broken object may quote a
    complete one that someone else wrote.
    """
    thoughts = _THOUGHTS.match(text)
    place = thoughts.end() if thoughts else 0
    found: list[str] = []
    start, depth = 0, 0
    while sign := _OUTSIDE.search(text, place):
        place = sign.end()
        if sign[0] == "{":
            start = start if depth else sign.start()
            depth += 1
        elif sign[0] == "}" and depth:
            depth -= 1
            if not depth:
                found.append(text[start:place])
        elif sign[0] == '"' and depth:
            place = _skip_string(text, place)
    return found


def _skip_string(text: str, place: int) -> int:
    """Return the end of a string that began before `place`."""
    while sign := _INSIDE.search(text, place):
        place = sign.end()
        if sign[0] == '"':
            return place
    return len(text)
