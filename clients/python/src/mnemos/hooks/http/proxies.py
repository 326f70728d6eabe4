"""Which proxy leads to a server, by the rules of the command line's HTTP library.

Only imported where a variable names a proxy. `urllib.request`, which knows some of the rules, takes 60 ms.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from typing import TYPE_CHECKING

from mnemos.hooks.http.deadline import ConnectionFailed
from mnemos.hooks.http.urls import Url, split_url

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A server on this machine is never behind a proxy.
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"http": 80, "https": 443}


def find_proxy(environment: Mapping[str, str], url: str) -> str:
    """Return the URL of the proxy for a server; "" if there is none, or the server's URL can't be read."""
    try:
        server = split_url(url)
    except ValueError:
        return ""
    variables = _read_variables(environment)
    proxy = variables.get(server.scheme) or variables.get("all", "")
    exceptions = [entry.strip() for entry in variables.get("no", "").split(",")]
    if not proxy or server.host in _LOOPBACK or any(_matches(entry, server) for entry in exceptions if entry):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def read_proxy(proxy: str, server: Url) -> tuple[Url, dict[str, str]]:
    """Return a proxy's address, and the headers that it requires; raises ConnectionFailed."""
    try:
        found = split_url(proxy)
    except ValueError as error:
        raise ConnectionFailed("the proxy's URL can't be read") from error
    if found.scheme not in _PORTS or not found.host:
        raise ConnectionFailed(f"hooks don't support {found.scheme or 'such'} proxies, only http and https")
    if found.scheme == server.scheme == "https":
        raise ConnectionFailed("hooks don't support an https proxy for an https server; use an http proxy")
    user, at, _ = proxy.partition("://")[2].partition("/")[0].rpartition("@")
    if not at:
        return found, {}
    plain = re.sub(rb"%([0-9A-Fa-f]{2})", lambda code: bytes.fromhex(code[1].decode()), user.encode())
    words = b2a_base64(plain, newline=False).decode()
    return found, {"Proxy-Authorization": f"Basic {words}"}


def _read_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables `*_proxy` by what is before `_proxy`; lower case takes precedence."""
    found: dict[str, str] = {}
    for is_lower in (False, True):
        for name, value in environment.items():
            if name[-6:].lower() == "_proxy" and (name[-6:] == "_proxy") is is_lower:
                found[name[:-6].lower()] = value.strip()
    if "REQUEST_METHOD" in environment and "http_proxy" not in environment:
        found.pop("http", None)  # in a CGI program, HTTP_PROXY may be a header that a client sent
    return found


def _matches(entry: str, server: Url) -> bool:
    """Return whether an entry of NO_PROXY means the server: a name and those below it, an address, or *."""
    scheme, separator, rest = entry.lower().rpartition("://")
    if entry == "*" or scheme not in ("", "all", server.scheme):
        return entry == "*"
    if "/" in rest:
        return _is_inside(server.host, rest)
    name, port = _split(rest)
    if port is not None and port != (server.port or _PORTS.get(server.scheme)):
        return False
    if name.startswith(("*.", ".")):
        return server.host.endswith(name.removeprefix("*"))
    is_exact = separator or name == "localhost" or _is_address(name)
    name = name.removeprefix("*")
    return server.host == name or (not is_exact and server.host.endswith(f".{name}"))


def _split(text: str) -> tuple[str, int | None]:
    """Split host and port; an IPv6 address may have brackets or not."""
    if text.count(":") > 1 and not text.startswith("["):
        return text, None
    try:
        url = split_url(f"http://{text}")
    except ValueError:
        return text, None
    return url.host, url.port


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def _is_inside(host: str, network: str) -> bool:
    """Return whether a host is an address of a network such as 10.0.0.0/8."""
    from ipaddress import ip_address, ip_network  # noqa: PLC0415 - costly

    try:
        return ip_address(host) in ip_network(network.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False
