"""How an assignment looks: `NAME=value`, `"name": "value"`, `name is value`, `--name value`."""

from __future__ import annotations

import re
from typing import Final

from mnemos_redaction.assignments.stems import FOREIGN_STEMS, STEMS, Stem
from mnemos_redaction.assignments.strength import looks_jumbled
from mnemos_redaction.assignments.values import QUOTE, Value, has_paired_brackets
from mnemos_redaction.lazy_patterns import make_pattern

_CLOSE: Final = rf"(?:{QUOTE})?[\])]{{0,2}}\*{{0,2}}"
_TYPE: Final = r"[a-z*\[\]][\w.*]{0,30}(?:\[[\w., |]{0,30}\])?(?:[ ]?\|[ ]?[a-z]{1,9})?"
#: What stands between name and value. Each group is one way to write it; `lastgroup` tells which.
_OPERATORS: Final = rf"""
    # password: str = "…", var password string = "…", char password[] = "…"
    (?P<typed>(?<!["'`])(?:(?:[?!]?:[ \t]?|[ \t]){_TYPE}|\[\w{{0,8}}\])[ \t]?=[ \t]?(?=[bfru@]?["'`]))
    |(?P<equals>[ \t]{{0,16}}(?:[:?<+]?=(?![=~])>?|\|\|=|\u2192|\uff1d|->|%3d|\\u003d|&\#61;)[ \t]{{0,16}})
    # Also a YAML block, and a quoted value in the next line.
    |(?P<colon>[ \t]{{0,16}}(?::(?![:=/])|\uff1a|%3a|\\u003a)\*{{0,2}}[ \t]{{0,16}}
        (?:[|>][-+]?[ \t]{{0,4}}\r?\n[ \t]{{1,40}}|\s{{1,40}}(?=["'`]))?)
    # name="password" value="…", {{"name": "PASSWORD", "value": "…"}}
    |(?P<pair>[ \t]{{0,4}}[,;]?\s{{0,40}}(?:{QUOTE})?(?:value|content|default)(?:{QUOTE})?
        [ \t]{{0,4}}[:=][ \t]{{0,4}})
    # <password>…</password>
    |(?P<tag>>)
    |(?P<compare>[ \t]{{0,4}}[!=]==?[ \t]{{0,4}}(?=["'`]))
    # getenv("PASSWORD", "…"), set_password("…")
    |(?P<argument>(?:(?<=["'`]),|\()[ \t]{{0,4}}(?=[bfru@]?["'`]))
    # The password is now set to …; the last word is Chinese for "is". Also cells of a table.
    |(?P<says>[ \t]{{1,4}}(?:(?:is|was|are|set|changed|reset|to|now|still)[ \t:]{{1,4}}){{1,4}}
        |[ \t]{{1,4}}\|[ \t]{{1,4}}|\u662f[ \t:\uff1a]{{0,4}})
    # --password …
    |(?P<space>(?<!["'`])[ \t]{{1,4}})
"""
_TAIL: Final = rf"(?P<after>[a-z0-9_-]{{0,40}})(?![a-z0-9_-])(?:{_CLOSE})(?:{_OPERATORS})(?=\S)"


def _compile(stem: Stem) -> tuple[Stem, re.Pattern[str]]:
    return stem, make_pattern(stem.pattern + _TAIL, re.VERBOSE)


#: Each stem with what matches an assignment up to its value, in a text in lower case.
ASSIGNMENTS: Final = tuple(map(_compile, STEMS))
FOREIGN_ASSIGNMENTS: Final = tuple(map(_compile, FOREIGN_STEMS))

#: What stands in code without quotes: a call, an index, a member, a variable with its sign.
_CODE: Final = make_pattern(
    r"[\[({]|[!*&@$+-]{0,2}[A-Za-z_]\w*(?:(?:\.|->|::|\?\.)[A-Za-z_]\w*)*(?:[(\[{]|->|::)"
    r"|[!*&@$+-]{0,2}[A-Za-z_]\w*(?:(?:\.|->|::|\?\.)[A-Za-z_]\w*)+(?![\w$!@#%^&*~-])"
    r"|[!*&@$+]{1,2}[A-Za-z_]+(?![\w$!@#%^&*~/=-])"
)
_LONGEST_PASSWORD: Final = 40
#: What keys are written in.
KEY_ALPHABET: Final = make_pattern(r"[\w+/=.:~-]+")
#: A secret in a sentence, without quotes.
SPOKEN: Final = make_pattern(r"[A-Za-z0-9](?=\D*\d|(?<=\d))[\w!@#$%^&*+~.=-]*")
#: A path.
PATH: Final = make_pattern(r"/?(?:[\w.*-]+/)+[\w.*-]*$|[A-Za-z]:\\|~?/|\.{1,2}/")
ENDS_LINE: Final = make_pattern(r"[ \t]*[,;)}\]]{0,3}[ \t]*(?:[\r\n]|$|\\[nr]|#|//)|[ \t]*[\"'`]")
ENDS_WORD: Final = make_pattern(
    r"[\s\"'`\\\u3000-\u9fff\uac00-\ud7af\uff00-\uffef]|$|[.,;:!?)\]}|&*]+(?:\s|$|\w+=)"
)


def is_code(text: str, value: Value, *, may_be_password: bool) -> bool:
    """Whether a value without quotes is an expression.

    Args:
        text: where it stands.
        value: what was read of it.
        may_be_password: whether it can also be a password with brackets, which seldom come in pairs there.
    """
    if _CODE.match(text, value.start) is None:
        return False
    if (
        not may_be_password
        or len(value.text) > _LONGEST_PASSWORD
        or value.text[0] in "([{"
        or value.text[-1] in "([{"
    ):
        return True
    return has_paired_brackets(value.text) or not looks_jumbled(value.text)
