"""Where the server is and who is asking, read from the environment.

Standard library only, and little of that: the hook runner pays for every import.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

#: Address of a server on this machine.
DEFAULT_URL = "http://127.0.0.1:7077"
#: Variables that may hold the address; the first that isn't empty counts.
#: Claude Code sets those with OPTION in their names for the hooks of a plugin; ours for other hosts set those
#: with PLUGIN in front.
URL_VARIABLES = ("MEM9_API_URL", "MNEMOS_PLUGIN_API_URL", "CLAUDE_PLUGIN_OPTION_API_URL")
#: Variables that may hold the key. The second is an older name that mem9 used.
KEY_VARIABLES = ("MEM9_API_KEY", "MEM9_TENANT_ID", "MNEMOS_PLUGIN_API_KEY", "CLAUDE_PLUGIN_OPTION_API_KEY")
#: Variable that names the agent on whose behalf the client speaks.
AGENT_VARIABLE = "MNEMOS_AGENT_ID"


class BadAddress(ValueError):
    """The address or the key can't be used as it stands; the sentence says why, and never shows the key."""


class ServerAddress:
    """A server's URL, without a slash at its end, and the key that opens a tenant there ("" for none)."""

    __slots__ = ("api_key", "url")

    def __init__(self, url: str, api_key: str = "") -> None:
        """Trim both.

        Raises:
            BadAddress: the URL has no http or https scheme, or the key can't stand in a header.
        """
        self.url = url.strip().rstrip("/")
        self.api_key = api_key.strip()
        if not self.url.lower().startswith(("http://", "https://")):
            raise BadAddress(f"{self.url!r} is no server address; it looks like {DEFAULT_URL}")
        if not (self.api_key.isascii() and self.api_key.isprintable()) or " " in self.api_key:
            raise BadAddress("the API key has characters that no key has; copy it again")

    def __repr__(self) -> str:
        return f"ServerAddress(url={self.url!r}, api_key={'***' if self.api_key else ''!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServerAddress):
            return NotImplemented
        return (self.url, self.api_key) == (other.url, other.api_key)

    def __hash__(self) -> int:
        return hash((self.url, self.api_key))


def read_address(
    environ: Mapping[str, str] | None = None, *, url: str | None = None, api_key: str | None = None
) -> ServerAddress:
    """Take what isn't given from the environment, or from `environ`.

    Raises:
        BadAddress: as `ServerAddress`.
    """
    environ = os.environ if environ is None else environ
    return ServerAddress(
        _first_of(environ, URL_VARIABLES) or DEFAULT_URL if url is None else url,
        _first_of(environ, KEY_VARIABLES) if api_key is None else api_key,
    )


def read_agent_id(environ: Mapping[str, str] | None = None) -> str:
    """Read the agent's id from the environment, or from `environ`; "" when there is none."""
    return _first_of(os.environ if environ is None else environ, (AGENT_VARIABLE,))


def _first_of(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    """Give the first of these variables that holds more than blanks, trimmed."""
    return next((value for name in names if (value := environ.get(name, "").strip())), "")
