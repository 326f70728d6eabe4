"""Splits URLs for hooks: `urllib.parse` takes longer to load than a request to the server."""

from __future__ import annotations

from typing import NamedTuple

_MAX_PORT = 65_535


class Url(NamedTuple):
    """The parts of a URL that hooks need."""

    #: In lower case, such as `https`.
    scheme: str
    #: In lower case, without the brackets of an IPv6 address.
    host: str
    port: int | None
    #: From the first slash after the host up to a query; may be empty.
    path: str


def split_url(url: str) -> Url:
    """Split a URL into its parts, without user and password. Raises ValueError if it can't be read."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator or not scheme.isascii():
        raise ValueError("a URL begins like http://")
    for end in "?#":
        rest = rest.partition(end)[0]
    authority, slash, path = rest.partition("/")
    host, port = _split_host(authority.rpartition("@")[2])
    return Url(scheme.lower(), host.lower(), port, slash + path)


def _split_host(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, bracket, after = text[1:].partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise ValueError("an IPv6 address stands in brackets")
        port = after[1:]
    else:
        host, _, port = text.partition(":")
    if not port:
        return host, None
    if not (port.isascii() and port.isdigit()) or int(port) > _MAX_PORT:
        raise ValueError(f"a port is a number up to {_MAX_PORT}")
    return host, int(port)
