"""The way from this machine to a server: proxy and certificate authorities, from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Network(NamedTuple):
    """How a server is reached."""

    #: URL of the proxy, maybe with user and password; "" for a direct connection.
    proxy: str = ""
    #: File and folder of the certificate authorities that are trusted; "" for those of the machine.
    ca_file: str = ""
    ca_folder: str = ""


#: Without a proxy, and with the certificate authorities of the machine.
DIRECT: Final = Network()


def read_network(environment: Mapping[str, str], url: str) -> Network:
    """Return the way to a server, by the same variables that the command line obeys."""
    ca_file = environment.get("SSL_CERT_FILE", "")
    ca_folder = "" if ca_file else environment.get("SSL_CERT_DIR", "")
    proxy = ""
    if any(name[-6:].lower() == "_proxy" for name in environment):
        from mnemos.hooks.http.proxies import find_proxy  # noqa: PLC0415 - most machines have none

        proxy = find_proxy(environment, url)
    return Network(proxy, ca_file, ca_folder)
