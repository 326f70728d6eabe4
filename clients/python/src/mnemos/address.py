"""A server's address with the key of a tenant there.

Standard library only: the hook runner imports it before each prompt.
"""

from __future__ import annotations

#: Address of a server on this machine.
DEFAULT_URL = "http://127.0.0.1:8080"

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class BadAddress(ValueError):
    """The address or the key is invalid; the sentence explains why and never shows the key."""


class ServerAddress:
    """A server's URL, without a trailing slash, and the key of a tenant there ("" for none)."""

    __slots__ = ("api_key", "url")

    def __init__(self, url: str, api_key: str = "") -> None:
        """Trim both.

        Raises:
            BadAddress: the URL has no http or https scheme, or the key isn't allowed in a header.
        """
        self.url = url.strip().rstrip("/")
        self.api_key = api_key.strip()
        if not self.url.lower().startswith(("http://", "https://")):
            raise BadAddress(f"{self.url!r} isn't a server address; use one such as {DEFAULT_URL}")
        if not (self.api_key.isascii() and self.api_key.isprintable()) or " " in self.api_key:
            raise BadAddress("the API key contains characters that no key has; copy it again")

    def __repr__(self) -> str:
        return f"ServerAddress(url={self.url!r}, api_key={'***' if self.api_key else ''!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServerAddress):
            return NotImplemented
        return (self.url, self.api_key) == (other.url, other.api_key)

    def __hash__(self) -> int:
        return hash((self.url, self.api_key))


def is_same_address(one: str, other: str) -> bool:
    """Return whether two URLs lead to the same server, however they are written."""
    return _normalise(one) == _normalise(other)


def _normalise(url: str) -> str:
    scheme, _, rest = url.strip().rstrip("/").partition("://")
    host, slash, path = rest.partition("/")
    scheme = scheme.lower()
    return f"{scheme}://{host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, '/'))}{slash}{path}"
