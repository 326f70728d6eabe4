"""Finds the JSON object in what a model wrote around it."""

from __future__ import annotations

import re
from typing import Final

#: What some models think aloud before they answer.
_THOUGHTS: Final = re.compile(r"\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
#: What matters outside of strings, and within them.
_OUTSIDE: Final = re.compile(r'[{}"]')
_INSIDE: Final = re.compile(r'\\.|"', re.DOTALL)


def find_objects(text: str) -> list[str]:
    """Return the outermost passages between braces that match, in their order and in linear time.

    Nothing within another pair is returned by itself, valid or not: a broken object may quote a whole one,
    which somebody else wrote.
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
    """Return where a string ends that began before `place`."""
    while sign := _INSIDE.search(text, place):
        place = sign.end()
        if sign[0] == '"':
            return place
    return len(text)
