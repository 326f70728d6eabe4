"""Regular expressions that are compiled when they are first used.

Compiling all of them takes 60 ms. A hook reads one short text, which needs only a few.
"""

from __future__ import annotations

import re
from typing import cast

_METHODS = ("search", "match", "fullmatch", "findall", "finditer", "split", "groups")


def make_pattern(source: str, flags: int = 0) -> re.Pattern[str]:
    """Return an object like `re.compile(source, flags)`. An error in the source appears at the first use."""
    return cast("re.Pattern[str]", _LazyPattern(source, flags))


class _LazyPattern:
    """Takes the place of a pattern until one of its methods is used."""

    def __init__(self, source: str, flags: int) -> None:
        self.source, self.flags = source, flags

    def __getattr__(self, name: str) -> object:
        """Compile, and keep the pattern's own methods here, so this is called once per pattern."""
        if name not in _METHODS:
            raise AttributeError(f"a lazy pattern has no {name!r}")
        compiled = re.compile(self.source, self.flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        found: object = getattr(compiled, name)
        return found
