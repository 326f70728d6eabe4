"""TLS with the certificate authorities that the command line trusts. Only imported for https addresses."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

    from mnemos.hooks.http.network import Network

#: Where systems keep their certificate authorities, for a Python that was built for another one.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def wrap(connection: socket.socket, host: str, network: Network) -> ssl.SSLSocket:
    """Begin TLS with a host, within the socket's time limit; raises OSError or ValueError."""
    return _make_context(network).wrap_socket(connection, server_hostname=host)


def _make_context(network: Network) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=network.ca_file or None, capath=network.ca_folder or None)
    if network.ca_file or network.ca_folder:
        return context
    if not _has_own_authorities():
        bundle = next(filter(os.path.isfile, _BUNDLES), None)
        if bundle:
            context.load_verify_locations(bundle)
    return context


def _has_own_authorities() -> bool:
    """Return whether there are any certificate authorities where this Python looks for them."""
    paths = ssl.get_default_verify_paths()
    folder = paths.openssl_capath
    return os.path.isfile(paths.openssl_cafile) or (os.path.isdir(folder) and bool(os.listdir(folder)))
