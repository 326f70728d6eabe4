"""Reads the remote of a repository from its git configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mnemos.hooks.http.urls import split_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Remote(NamedTuple):
    """A remote, independent of the transport: without scheme, port, user and password."""

    #: In lower case; empty for a folder of this machine.
    host: str
    #: Without `.git` at its end.
    path: str


def read_remote(url: str) -> Remote | None:
    """Read a remote's URL or its short form `user@host:path`; None if it has no path.

    Raises ValueError for a URL that can't be read.
    """
    url = url.strip()
    before_colon, colon, rest = url.partition(":")
    if "://" in url:
        parts = split_url(url)
        host, path = parts.host, _unquote(parts.path)
    elif colon and "/" not in before_colon and not _is_drive(before_colon):
        host, path = before_colon.rpartition("@")[2].lower(), rest
    else:
        host, path = "", url
    is_absolute = path.startswith("/")
    path = "/".join(part for part in path.split("/") if part)
    path = path.removesuffix(".git").rstrip("/")
    if not path:
        return None
    return Remote(host, path if host or not is_absolute else f"/{path}")


def _unquote(path: str) -> str:
    if "%" not in path:
        return path
    from urllib.parse import unquote  # noqa: PLC0415 - hardly ever, and slow to load

    return unquote(path)


def _is_drive(text: str) -> bool:
    return len(text) == 1 and text.isalpha()  # C:\boat on Windows


def find_remote(config: str) -> str | None:
    """Return the URL of `origin`, or else of the first remote, from a git configuration."""
    urls: dict[str, str] = {}
    for section, key, value in _read_config(config):
        if section.startswith("remote ") and key == "url" and value:
            urls.setdefault(section, value)
    return urls.get("remote origin") or next(iter(urls.values()), None)


def is_abbreviation(url: str) -> bool:
    """Return whether the part before the colon may be an abbreviation that git replaces, and not a host."""
    before_colon, colon, _ = url.strip().partition(":")
    has_host = "://" in url or "@" in before_colon or "." in before_colon or "/" in before_colon
    return bool(colon) and not has_host and not _is_drive(before_colon)


def expand_abbreviation(url: str, configs: Iterable[str]) -> str:
    """Replace the beginning of a URL by the `insteadOf` rules of these configurations, longest match first.

    Only for abbreviations (`work:boat`): for whole URLs, such rules choose mirrors and transports, and a
    project is the same with and without them.
    """
    best_length, best_base = 0, ""
    for config in configs:
        for section, key, value in _read_config(config):
            is_rule = key == "insteadof" and section.startswith("url ")
            if is_rule and url.startswith(value) and len(value) > best_length:
                best_length, best_base = len(value), section.removeprefix("url ")
    return best_base + url[best_length:]


def _read_config(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield section, key and value of each line; `[remote "origin"]` becomes `remote origin`."""
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            head, _, line = line[1:].partition("]")
            name, _, subsection = head.partition('"')
            subsection = subsection.rstrip().removesuffix('"')
            section = f"{name.strip().lower()} {subsection}".strip()
            line = line.strip()
        key, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            yield section, key.strip().lower(), _read_value(value)


def _read_value(text: str) -> str:
    """Return a value without quotes; it ends at a comment outside quotes."""
    value, is_quoted = [], False
    for character in text.strip():
        if character == '"':
            is_quoted = not is_quoted
        elif character in "#;" and not is_quoted:
            break
        else:
            value.append(character)
    return "".join(value).strip()
