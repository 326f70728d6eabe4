"""Regular expressions that are compiled when they are first used.

All of them together take 60 ms to compile. A hook looks at one short text, which needs few of them.
"""

from __future__ import annotations

import re
from typing import cast

_METHODS = ("search", "match", "fullmatch", "findall", "finditer", "split", "groups")


def make_pattern(source: str, flags: int = 0) -> re.Pattern[str]:
    """Give what behaves as `re.compile(source, flags)`. An error in the source shows at the first use."""
    return cast("re.Pattern[str]", _LazyPattern(source, flags))


class _LazyPattern:
    """Stands for a pattern until something of it is asked for."""

    def __init__(self, source: str, flags: int) -> None:
        self.source, self.flags = source, flags

    def __getattr__(self, name: str) -> object:
        """Compile; from now on the pattern's own methods are found here without a detour."""
        if name not in _METHODS:
            raise AttributeError(f"a lazy pattern has no {name!r}")
        compiled = re.compile(self.source, self.flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        found: object = getattr(compiled, name)
        return found
