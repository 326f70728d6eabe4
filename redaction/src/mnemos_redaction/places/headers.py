"""Secrets in HTTP headers: `Authorization`, `Cookie`, `Set-Cookie`; and bearer tokens anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mnemos_redaction.assignments.strength import Strength, measure
from mnemos_redaction.assignments.values import QUOTE
from mnemos_redaction.lazy_patterns import make_pattern
from mnemos_redaction.marks import Span

# All but the last two match the text in lower case.
_SET: Final = rf"(?:{QUOTE})?\]?[ \t]{{0,8}}(?::|=>?|,|%3a|\uff1a)[ \t]{{0,8}}[bfru]?(?:{QUOTE})?[ \t]{{0,8}}"
_SCHEMES: Final = "bearer|basic|token|apikey|api-key|bot|key|jwt|negotiate|ntlm|sso-key|splunk|genie-?key"
_CREDENTIAL: Final = r"(?P<secret>[A-Za-z0-9._~+/=:|%!-]{6,})"
_AUTHORIZATION: Final = make_pattern(
    rf"authorization(?:(?<![a-z]authorization)|(?<=\\[nrt]authorization)){_SET}"
    rf"(?:(?P<scheme>{_SCHEMES})(?:[ \t]+|%20))?(?:(?:token|key)=)?(?:{QUOTE})?{_CREDENTIAL}"
)
_BEARER: Final = make_pattern(rf"bearer(?:[ \t]+|%20|\+){_CREDENTIAL}")
_COOKIE: Final = make_pattern(rf"cookie{_SET}(?P<pairs>[^\r\n\"'`\\]+)")
_PAIR: Final = make_pattern(r"([\w.!#$%&*+^|~-]{1,128})=([^;\s\"'\\,]{4,})")
_SESSION: Final = make_pattern(
    r"sess|sid|auth|token|csrf|xsrf|jwt|login|remember|secret|passw|identity|id$|\.aspx", re.IGNORECASE
)
_ATTRIBUTES: Final = frozenset(("path", "domain", "expires", "max-age", "samesite", "priority", "version"))


def find_authorization(text: str, lowered: str) -> Iterator[Span]:
    """Find what follows `Authorization:`, without its scheme."""
    for match in _AUTHORIZATION.finditer(lowered):
        start, end = match.span("secret")
        least = Strength.MIXED if match["scheme"] else Strength.RANDOM
        if measure(text[start:end]) >= least:
            yield Span(start, end, "authorization")


def find_bearers(text: str, lowered: str) -> Iterator[Span]:
    """Find whatever is called a bearer token."""
    for match in _BEARER.finditer(lowered):
        start, end = match.span("secret")
        if measure(text[start:end]) is Strength.RANDOM:
            yield Span(start, end, "authorization")


def find_cookies(text: str, lowered: str) -> Iterator[Span]:
    """Find the values of cookies that hold a session, or that a program made."""
    for match in _COOKIE.finditer(lowered):
        for pair in _PAIR.finditer(text, *match.span("pairs")):
            if pair[1].lower() in _ATTRIBUTES:
                continue
            least = Strength.MIXED if _SESSION.search(pair[1]) else Strength.RANDOM
            if measure(pair[2]) >= least:
                yield Span(*pair.span(2), "cookie")
