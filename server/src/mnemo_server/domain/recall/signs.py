"""Signs of a text that show whether it is worth knowing later: a rule, a decision, a value, or just talk.

The words are English; in other languages most signs are 0, and vectors decide.
"""

from __future__ import annotations

import math
import re
from typing import Final

#: Names of the signs, in the order of `read_signs`.
SIGNS: Final = (
    "user",
    "ends_asking",
    "asks",
    "length",
    "rule",
    "rules",
    "filler",
    "number",
    "code",
    "short",
    "tiny",
)

_RULE: Final = re.compile(
    r"\b(?:never|always|must|mustn't|from now on|no longer|instead of|decided|decision|prefer|rule|forbidden"
    r"|required|agreed|convention|owner|owns|reviewer|deadline|turned out|root cause|because|default)\b",
    re.IGNORECASE,
)
_FILLER: Final = re.compile(
    r"(?:ok|okay|yes|no|sure|thanks|great|good|fine|do it|go ahead|hm|right|perfect|nice|done)\b",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d")
_CODE: Final = re.compile(r"`|/\w|\w_\w|\w\.\w|::")
QUESTION_MARKS: Final = ("?", "\N{FULLWIDTH QUESTION MARK}", "\N{ARABIC QUESTION MARK}")
_SHORT_WORDS: Final = 8
_TINY_WORDS: Final = 4
#: Longer texts are judged by their beginning.
_READ_CHARACTERS: Final = 4_000


def ends_asking(text: str) -> bool:
    """Return whether a text ends with a question."""
    return text.rstrip().endswith(QUESTION_MARKS)


def read_signs(text: str, *, is_by_person: bool) -> list[float]:
    """Return the signs of a text, in the order of `SIGNS`; most are 0 or 1, `length` is a logarithm.

    Args:
        text: the text of a memory.
        is_by_person: whether a person said it, or it was stored on purpose, rather than said by an assistant.
    """
    head = text[:_READ_CHARACTERS]
    rules = len(_RULE.findall(head))
    words = len(head.split())
    return [
        float(is_by_person),
        float(ends_asking(head)),
        float(any(mark in head for mark in QUESTION_MARKS)),
        math.log(len(head) + 1),
        float(rules > 0),
        float(min(rules, 4)),
        float(_FILLER.match(head) is not None),
        float(_NUMBER.search(head) is not None),
        float(_CODE.search(head) is not None),
        float(words < _SHORT_WORDS),
        float(words < _TINY_WORDS),
    ]
