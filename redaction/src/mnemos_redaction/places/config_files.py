"""Passwords in files and statements that hold them in a known place: .netrc, .pgpass, redis.conf, SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mnemos_redaction.assignments.strength import Strength, measure
from mnemos_redaction.lazy_patterns import make_pattern
from mnemos_redaction.marks import Span

KIND: Final = "password"

_MACHINE: Final = make_pattern(
    r"machine\s+(?:localhost|[^\s.:]{1,63}[.:]\S{1,255})\s+"
    r"(?:(?:login|account)\s+\S{1,255}\s+){0,2}password\s+(\S{1,512})"
)
_LOGIN: Final = make_pattern(r"login\s+\S{1,255}\s+(?:account\s+\S{1,255}\s+)?password\s+(\S{1,512})")
_QUOTE: Final = r"(?:\\{0,3}[\"'])?"
_VALUE: Final = r"([^\s\"'\\|]{1,512})"
_LINES: Final = (
    make_pattern(rf"requirepass[ \t]+{_QUOTE}{_VALUE}"),
    make_pattern(rf"-pass(?:in|out)?[ =]{_QUOTE}pass:{_VALUE}"),
    make_pattern(
        rf"echo[ \t]+{_QUOTE}[\w.-]{{1,64}}:{_VALUE}{_QUOTE}[ \t]{{0,4}}\|[ \t]{{0,4}}(?:sudo )?chpasswd"
    ),
    make_pattern(
        rf"echo[ \t]+(?:-n[ \t]+)?{_QUOTE}{_VALUE}{_QUOTE}[ \t]{{0,4}}\|[^\n|]{{1,200}}--password-stdin"
    ),
)
_IDENTIFIED: Final = make_pattern(
    r"identified\s+(?:with\s+\S{1,40}\s+)?(?:by|as)\s+(?:password\s+)?\\{0,3}['\"]([^'\"\\\n]{1,512})",
    re.IGNORECASE,
)
_SPEAKS_OF_USER: Final = make_pattern(r"\b(?:user|role|grant)\b", re.IGNORECASE)
_LONGEST_STATEMENT: Final = 200
#: requests.get(url, auth=("user", "password"))
_PAIR: Final = make_pattern(
    r"[aA]uth[ \t]*=?[ \t]*(?:\w{0,30}\.)?(?:HTTP\w{1,10}Auth|BasicAuth)?"
    r"\([ \t\n]*[bfr]?[\"'][^\"'\n]{1,100}[\"'][ \t\n]*,[ \t\n]*[bfr]?[\"']([^\"'\n]{1,200})[\"']"
)
_SPOKEN: Final = r"[\"'`]?([^\s\"'`]{1,512})[\"'`]?"
#: The password was changed from … to …
_CHANGED: Final = make_pattern(rf"pass(?:word|wd|phrase)[ \t]+from[ \t]+{_SPOKEN}[ \t]+to[ \t]+{_SPOKEN}")
#: Credentials: user/password
_CREDENTIALS: Final = make_pattern(
    r"(?:creds|redentials)[ \t]{0,4}[:=][ \t]{0,4}[\"'`]?[\w.@-]{1,64}[ \t]{0,4}[/:][ \t]{0,4}"
    r"([^\s\"'`/][^\s\"'`]{0,511})"
)
#: Host, port, database, user, password.
_PGPASS: Final = make_pattern(
    r"^[+>\- ]{0,8}[^\s:#]{1,255}:(?:\d{2,5}|\*):[^\s:]{1,64}:[^\s:]{1,64}:((?:[^\s:\\]|\\.){1,512})(?=\r?$)",
    re.MULTILINE,
)


def find_netrc_passwords(text: str) -> Iterator[Span]:
    """Find what follows `machine … login … password`."""
    yield from _take(_MACHINE.finditer(text), Strength.WORD)
    yield from _take(_LOGIN.finditer(text), Strength.MIXED)


def find_setting_passwords(text: str) -> Iterator[Span]:
    """Find the passwords of redis.conf, `openssl -passin`, `chpasswd` and `--password-stdin`."""
    for pattern in _LINES:
        yield from _take(pattern.finditer(text), Strength.WORD)


def find_statement_passwords(text: str) -> Iterator[Span]:
    """Find what SQL says a user is identified by."""
    statements = (
        match for match in _IDENTIFIED.finditer(text) if _SPEAKS_OF_USER.search(_before(text, match))
    )
    yield from _take(statements, Strength.WORD)


def find_pairs(text: str) -> Iterator[Span]:
    """Find the password in a pair of user and password that code authenticates with."""
    yield from _take(_PAIR.finditer(text), Strength.WORD)


def find_changed_passwords(text: str) -> Iterator[Span]:
    """Find both passwords where one was changed into the other."""
    for match in _CHANGED.finditer(text):
        for group in (1, 2):
            secret = match[group].rstrip(".,;:)")
            if measure(secret) >= Strength.MIXED:
                yield Span(match.start(group), match.start(group) + len(secret), KIND)


def find_credentials(text: str) -> Iterator[Span]:
    """Find the password of a pair that is called credentials."""
    yield from _take(_CREDENTIALS.finditer(text), Strength.MIXED)


def find_pgpass_passwords(text: str) -> Iterator[Span]:
    """Find the last column of .pgpass."""
    yield from _take(_PGPASS.finditer(text), Strength.WORD)


def _before(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - _LONGEST_STATEMENT) : match.start()]


def _take(matches: Iterable[re.Match[str]], least: Strength) -> Iterator[Span]:
    for match in matches:
        if measure(match[1]) >= least:
            yield Span(*match.span(1), KIND)
