"""The server's address, the key and the agent's id: from arguments, the environment, or the profile.

The first source that sets a server or a key takes precedence. A key is only sent to the address that it came
with: a key from another source, such as the credentials file, isn't sent to an address from a project's
settings. Standard library only, and little of that: the hook runner pays for every import.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from mnemos import variables
from mnemos.address import DEFAULT_URL, ServerAddress, is_same_address

#: Variables with address and key; the first that isn't empty is used. MEM9_TENANT_ID is older.
URL_VARIABLES = (variables.API_URL.name,)
KEY_VARIABLES = (variables.API_KEY.name, variables.TENANT_ID.name)
#: The same from the options of a plugin: OpenCode and OpenClaw have the first pair, Claude Code the other.
PLUGIN_VARIABLES = (
    (variables.PLUGIN_API_URL.name, variables.PLUGIN_API_KEY.name),
    (variables.CLAUDE_API_URL.name, variables.CLAUDE_API_KEY.name),
)
#: Variable that names the agent on whose behalf the client speaks.
AGENT_VARIABLE = variables.AGENT_ID.name


class Origin:
    """An address with the sources of its URL and its key, and the source of a key that isn't sent there."""

    __slots__ = ("address", "key_from", "url_from", "withheld")

    def __init__(self, address: ServerAddress, url_from: str, key_from: str, withheld: str = "") -> None:
        self.address = address
        self.url_from = url_from
        self.key_from = key_from
        #: Source of a key that belongs to another address; "" if there is none.
        self.withheld = withheld


class _Layer:
    """Server and key of one source; None if it doesn't set one."""

    __slots__ = ("key", "key_from", "url", "url_from")

    def __init__(self, url: str | None, key: str | None, url_from: str, key_from: str) -> None:
        self.url = url
        self.key = key
        self.url_from = url_from
        self.key_from = key_from


def read_address(
    environ: Mapping[str, str] | None = None,
    *,
    url: str | None = None,
    api_key: str | None = None,
    profile: str | None = None,
) -> ServerAddress:
    """Return the address, from the arguments, the environment (or `environ`) and the credentials file.

    Raises:
        BadAddress: as `ServerAddress`; there is no such profile; the credentials file can't be used.
    """
    return trace_address(environ, url=url, api_key=api_key, profile=profile).address


def trace_address(
    environ: Mapping[str, str] | None = None,
    *,
    url: str | None = None,
    api_key: str | None = None,
    profile: str | None = None,
) -> Origin:
    """Return the address as `read_address` does, and where it comes from."""
    layers = _read_layers(os.environ if environ is None else environ, url, api_key, profile)
    first = next(layers, None)
    if first is None:
        return Origin(ServerAddress(DEFAULT_URL), "the default", "")
    if first.key is not None:
        address = ServerAddress(DEFAULT_URL if first.url is None else first.url, first.key)
        return Origin(address, first.url_from if first.url else "the default", first.key_from)
    found = ServerAddress(first.url or DEFAULT_URL)
    withheld = ""
    for layer in layers:
        if not layer.key:
            continue
        if is_same_address(layer.url or DEFAULT_URL, found.url):
            return Origin(ServerAddress(found.url, layer.key), first.url_from, layer.key_from)
        withheld = withheld or layer.key_from
    return Origin(found, first.url_from, "", withheld)


def _read_layers(
    environ: Mapping[str, str], url: str | None, api_key: str | None, profile: str | None
) -> Iterator[_Layer]:
    """Yield the sources that set something, most specific first; the file is only read when needed."""
    own = _read_layer(environ, URL_VARIABLES, KEY_VARIABLES)
    if url is not None or api_key is not None:
        yield _complete(_Layer(url, api_key, "the options", "the options"), own)
    if profile:
        yield from _read_profile(environ, profile)
    plugins = (_read_layer(environ, (url_name,), (key_name,)) for url_name, key_name in PLUGIN_VARIABLES)
    for layer in (own, *plugins):
        if layer.url is not None or layer.key is not None:
            yield layer
    if not profile:
        yield from _read_profile(environ, "")


def _complete(given: _Layer, own: _Layer) -> _Layer:
    """Complete the arguments from the environment; a key that has an address stays with it."""
    if given.url is None and given.key is not None:
        return _Layer(own.url, given.key, own.url_from, given.key_from)
    if given.key is None and own.url is None and own.key is not None:
        return _Layer(given.url, own.key, given.url_from, own.key_from)
    return given


def _read_profile(environ: Mapping[str, str], name: str) -> Iterator[_Layer]:
    from mnemos.credentials import find_profile  # noqa: PLC0415 - often it isn't needed

    profile = find_profile(environ, name)
    if profile is not None:
        source = f"profile {profile.name!r}"
        yield _Layer(profile.url, profile.api_key, source, source)


def _read_layer(environ: Mapping[str, str], urls: tuple[str, ...], keys: tuple[str, ...]) -> _Layer:
    url_from, key_from = _find_name(environ, urls), _find_name(environ, keys)
    url, key = _read(environ, url_from), _read(environ, key_from)
    return _Layer(url or None, key or None, url_from, key_from)


def read_agent_id(environ: Mapping[str, str] | None = None) -> str:
    """Return the agent's id from the environment, or from `environ`; "" if there is none."""
    return _read(os.environ if environ is None else environ, AGENT_VARIABLE)


def _find_name(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    """Return the name of the first of these variables that isn't blank; "" if there is none."""
    return next((name for name in names if _read(environ, name)), "")


def _read(environ: Mapping[str, str], name: str) -> str:
    """Return the value of a variable, trimmed; "" for a `${user_config.…}` that a host didn't fill in."""
    value = environ.get(name, "").strip()
    return "" if value.startswith("${") else value
