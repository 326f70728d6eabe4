"""Passwords that short flags of known commands carry: `curl -u user:…`, `mysql -p…`, `redis-cli -a …`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from mnemos_redaction.assignments.strength import Strength, measure
from mnemos_redaction.assignments.values import find_end, read_value
from mnemos_redaction.lazy_patterns import make_pattern
from mnemos_redaction.marks import Span

KIND: Final = "password"
#: Characters before a flag in which its command must stand.
_LOOK_BACK: Final = 300
#: The flag, and what stands between it and its value; longer flags with one dash are others.
_FLAG: Final = make_pattern(
    r"(-(?<=[\s\"']-)(?:-user|-proxy-user|[upUaPw](?!ass(?:in|out|w)|ort\b|rotocol)))"
    r"(?:[\"'],[ \t]{0,4}|=?[ \t]{1,4}|=|(?=[^\s=,-]))"
)
_LINE_BREAK: Final = make_pattern(r"(?<!\\)\r?\n")  # that no backslash takes back


class _Use(NamedTuple):
    """A use of a flag."""

    commands: tuple[str, ...]
    """One of these stands before."""
    subcommand: str = ""
    """This too."""
    user_ends_with: str = ""
    """What stands between user and password; empty: there is no user."""
    is_attached: bool = False
    """Whether the value follows without a blank, or else means something else: `mysql -p database`."""


_CURL: Final = _Use(("curl",), user_ends_with=":")
_USES: Final = {
    "-u": (_CURL,),
    "--user": (_CURL,),
    "--proxy-user": (_CURL,),
    "-U": (_CURL, _Use(("smbclient", "rpcclient"), user_ends_with="%")),
    "-a": (_Use(("redis-cli", "valkey-cli")),),
    "-w": (_Use(("ldapsearch", "ldapmodify", "ldapadd", "ldapdelete", "ldapwhoami")),),
    "-P": (_Use(("mosquitto_",)),),
    "-p": (
        _Use(("mysql", "mariadb"), is_attached=True),
        _Use(("sshpass", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport", "mongo ")),
        _Use(("docker", "podman", "helm", "az ", "oc ", "skopeo", "buildah"), subcommand="login"),
    ),
}


def find_command_passwords(text: str) -> Iterator[Span]:
    """Find passwords that a flag of a known command carries."""
    for match in _FLAG.finditer(text):
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
        is_attached = match.end() == match.end(1)
        for use in _USES[match[1]]:
            if (is_attached or not use.is_attached) and _is_use(use, before):
                yield from _read(text, match.end(), use.user_ends_with)


def _is_use(use: _Use, before: str) -> bool:
    """Whether the command stands before the flag, in the same line."""
    if use.subcommand not in before or not any(map(before.__contains__, use.commands)):
        return False
    line = _LINE_BREAK.split(before)[-1]
    return use.subcommand in line and any(map(line.__contains__, use.commands))


def _read(text: str, start: int, user_ends_with: str) -> Iterator[Span]:
    value = read_value(text, start)
    if value is None:
        return
    user, separator, secret = "", "", value.text
    if user_ends_with:
        user, separator, secret = secret.partition(user_ends_with)
    if measure(secret) >= Strength.WORD:
        yield Span(value.start + len(user) + len(separator), find_end(text, value), KIND)
