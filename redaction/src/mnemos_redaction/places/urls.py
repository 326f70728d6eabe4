"""Passwords in addresses: `postgres://user:password@host`, `user:password@tcp(host)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mnemos_redaction.assignments.strength import Strength, measure
from mnemos_redaction.lazy_patterns import make_pattern
from mnemos_redaction.marks import Span

KIND: Final = "url_password"

_USER: Final = r"[^\s:/?#@\"'<>`\\]{0,128}"
_STRICT: Final = make_pattern(rf"://({_USER}):([^\s/?#\"'<>`\\]{{1,512}})@(?=[\w\[$%{{*-])")
#: In addresses of databases people leave slashes and question marks as they are.
_LOOSE: Final = make_pattern(rf"://({_USER}):(?!\d{{2,5}}[/?])([^\s\"'<>`\\]{{1,128}})@(?=[\w\[-])")
_DATABASE: Final = make_pattern(
    r"(?:postgres(?:ql)?|mysql|mariadb|mongodb|redis|rediss|amqps?|mssql|sqlserver|tidb|clickhouse|cockroachdb|ldaps?)"
    r"(?:\+\w{1,20})?$",
    re.IGNORECASE,
)
_USER_ONLY: Final = make_pattern(r"://([^\s:/?#@\"'<>`\\]{20,255})(?::x-oauth-basic)?@(?=[\w\[-])")
#: As drivers of Go write it; the user begins where no other could have.
_GO: Final = make_pattern(r"(?<![\w.%+-])[\w.%+-]{1,64}:([^\s\"'`\\]{1,128}?)@(?:tcp|tcp6|unix)\(")


def find_addresses(text: str) -> Iterator[Span]:
    """Find the passwords in addresses; user and host stay."""
    for match in _STRICT.finditer(text):
        yield from _judge(match, 2, Strength.WORD)
        yield from _judge(match, 1, Strength.RANDOM)
    for match in _LOOSE.finditer(text):
        if _DATABASE.search(text, max(0, match.start() - 24), match.start()):
            yield from _judge(match, 2, Strength.WORD)
    for match in _USER_ONLY.finditer(text):
        yield from _judge(match, 1, Strength.RANDOM)


def find_go_addresses(text: str) -> Iterator[Span]:
    """Find the passwords in data source names as drivers of Go write them."""
    for match in _GO.finditer(text):
        yield from _judge(match, 1, Strength.WORD)


def _judge(match: re.Match[str], group: int, least: Strength) -> Iterator[Span]:
    if measure(match[group]) >= least:
        yield Span(*match.span(group), KIND)
