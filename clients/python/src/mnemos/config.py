"""Where the server is and who is asking: from what was given, the environment, or the profile.

Whoever says something first is believed. A key goes only to the address it came with: one that was found
elsewhere, in the file of profiles above all, isn't sent to an address that a project's settings name.
Standard library only, and little of that: the hook runner pays for every import.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from mnemos import variables
from mnemos.address import DEFAULT_URL, ServerAddress, is_same_address

#: Variables that hold address and key; the first that isn't empty counts.
URL_VARIABLES = (variables.API_URL.name,)
KEY_VARIABLES = (variables.API_KEY.name, variables.TENANT_ID.name)
#: The same from the options of a plugin.
PLUGIN_VARIABLES = (
    (variables.PLUGIN_API_URL.name, variables.PLUGIN_API_KEY.name),
    (variables.CLAUDE_API_URL.name, variables.CLAUDE_API_KEY.name),
)
#: Variable that names the agent on whose behalf the client speaks.
AGENT_VARIABLE = variables.AGENT_ID.name


class Origin:
    """An address with the names of what said its URL and its key, and of a key that was kept back."""

    __slots__ = ("address", "key_from", "url_from", "withheld")

    def __init__(self, address: ServerAddress, url_from: str, key_from: str, withheld: str = "") -> None:
        self.address = address
        self.url_from = url_from
        self.key_from = key_from
        #: Where there is a key that belongs to another address; "" when there is none.
        self.withheld = withheld


class _Layer:
    """What one source says; None for nothing."""

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
    """Take what isn't given from the environment, or from `environ`, and from the file of profiles.

    Raises:
        BadAddress: as `ServerAddress`; there is no such profile; the file of profiles can't be used.
    """
    return trace_address(environ, url=url, api_key=api_key, profile=profile).address


def trace_address(
    environ: Mapping[str, str] | None = None,
    *,
    url: str | None = None,
    api_key: str | None = None,
    profile: str | None = None,
) -> Origin:
    """Read the address as `read_address` does, and tell where it comes from."""
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
    """Give what says something, the most particular first; the file is read when all before said nothing."""
    own = _read_layer(environ, URL_VARIABLES, KEY_VARIABLES)
    if url is not None or api_key is not None:
        yield _complete(_Layer(url, api_key, "what was given", "what was given"), own)
    if profile:
        yield from _read_profile(environ, profile)
    plugins = (_read_layer(environ, (url_name,), (key_name,)) for url_name, key_name in PLUGIN_VARIABLES)
    for layer in (own, *plugins):
        if layer.url is not None or layer.key is not None:
            yield layer
    if not profile:
        yield from _read_profile(environ, "")


def _complete(given: _Layer, own: _Layer) -> _Layer:
    """Let what was given and the environment make up a pair; a key that has an address stays with it."""
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
    """Read the agent's id from the environment, or from `environ`; "" when there is none."""
    return _read(os.environ if environ is None else environ, AGENT_VARIABLE)


def _find_name(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    """Give the name of the first of these variables that holds more than blanks."""
    return next((name for name in names if _read(environ, name)), "")


def _read(environ: Mapping[str, str], name: str) -> str:
    """Give what a variable holds, trimmed. A host's `${user_config.…}` that it had nothing for is nothing."""
    value = environ.get(name, "").strip()
    return "" if value.startswith("${") else value
