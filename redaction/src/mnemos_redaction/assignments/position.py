"""Where an assignment stands, and what that says about its value."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mnemos_redaction.lazy_patterns import make_pattern

#: Operators behind which other than secrets may stand.
_LOOSE: Final = frozenset(("compare", "argument", "says", "space"))
_LONGEST_BEFORE: Final = 40
_SHORTEST_FLAG: Final = 5
#: What sets variables, where a command can begin; and flags that do.
_SETS: Final = make_pattern(
    r"(?:(?:^|[\n;&|`\"'(])[ \t+>-]*(?:export|setx?|env|arg)|[ \t](?:-e|--env|--build-arg))[ \t]+$",
    re.IGNORECASE,
)
_TAG_BEFORE: Final = make_pattern(r"<(?:[\w-]{1,30}:)?$")


class Place(NamedTuple):
    """How an assignment is written."""

    operator: str
    """The group of the pattern that matched it."""
    is_firm: bool
    """Whether a value without quotes can't be code here: `NAME=…`, `--name=…`, `?name=…`."""
    is_tight: bool = False
    """Whether no blanks stand around the equals sign."""
    takes_line: bool = False
    """Whether nothing but the value can stand in the rest of the line: `NAME=…` where a line begins."""

    @property
    def is_loose(self) -> bool:
        """Whether other than secrets may stand behind the operator."""
        return self.operator in _LOOSE


def read_place(text: str, start: int, match: re.Match[str]) -> Place:
    """Read how an assignment is written whose name starts at a place."""
    operator = str(match.lastgroup)
    end = match.end("after")
    before = text[max(0, start - _LONGEST_BEFORE) : start]
    is_set = operator in ("equals", "space") and _SETS.search(before) is not None
    # With one dash it could be a line of a diff, or a flag of one letter with its value.
    is_flag = operator in ("equals", "space", "argument") and (
        text.startswith("--", start)
        or (text.startswith("-", start) and end - start >= _SHORTEST_FLAG and before[-1:] not in ("", "\n"))
    )
    if operator == "space":
        return Place(operator, is_flag or is_set)
    begins_line = is_set or before.rstrip(" \t+->|#*")[-1:] in ("", "\n")
    is_tight = operator == "equals" and match.end() == match.start("equals") + 1
    is_variable = is_tight and text[start:end].isupper()
    is_firm = is_flag or is_variable or before[-1:] in ("?", "&", ";") or (is_tight and begins_line)
    return Place(operator, is_firm, is_tight, takes_line=is_variable and begins_line)


def is_misread(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether what looks like an assignment is something else."""
    end = match.end("after")
    before = text[max(0, start - 1) : start]
    if match.lastgroup == "tag":
        return _TAG_BEFORE.search(text, max(0, start - _LONGEST_BEFORE), start) is None
    if match.lastgroup == "space" and text.startswith(("-", "\\-", "("), match.end()):
        return True  # the next flag
    if match.lastgroup in ("space", "colon") and text[start:end] in ("PASS", "pass", "Pass"):
        return text[start:end] == "PASS" or match.lastgroup == "space"  # tests pass, and functions pass on
    if text.startswith("::", start - 2) and start > 1:
        return True  # the name of a type
    # In "token=" + token a string ends where a value would begin.
    return before in ("'", '"') and text[end] != before and text.startswith(before, match.end())
