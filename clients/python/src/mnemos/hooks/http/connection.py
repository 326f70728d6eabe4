"""A minimal HTTP/1.1 client for hooks, over TCP or TLS, directly or through a proxy.

Importing `http.client` takes 45 ms, so it uses bare sockets; `ssl` is only imported for an https address.
"""

from __future__ import annotations

import socket

from mnemos.hooks.http.deadline import ConnectionFailed, Deadline
from mnemos.hooks.http.network import DIRECT, Network
from mnemos.hooks.http.response import MAX_RESPONSE_BYTES, Response, ResponseReader
from mnemos.hooks.http.urls import Url, split_url

__all__ = ["MAX_RESPONSE_BYTES", "Connection", "ConnectionFailed", "Deadline", "Response"]

_CHUNK_BYTES = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class Connection:
    """A connection to one server, kept open between requests. Every request ends by the deadline."""

    def __init__(self, url: str, deadline: Deadline, network: Network = DIRECT) -> None:
        """Set the server and the way to it, without connecting.

        Raises ConnectionFailed if `url` isn't an http(s) address, or hooks can't use the proxy.
        """
        try:
            self._server = split_url(url)
        except ValueError as error:
            raise ConnectionFailed("the server's URL can't be read") from error
        if self._server.scheme not in _PORTS or not self._server.host:
            raise ConnectionFailed("the server's URL must begin with http:// or https://")
        self._proxy: Url | None = None
        self._proxy_headers: dict[str, str] = {}
        if network.proxy:
            from mnemos.hooks.http.proxies import read_proxy  # noqa: PLC0415 - most machines have none

            self._proxy, self._proxy_headers = read_proxy(network.proxy, self._server)
        self._network = network
        self._prefix = self._server.path.rstrip("/")
        self._deadline = deadline
        self._socket: socket.socket | None = None

    def request(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Response:
        """Send one request and return the response; raises ConnectionFailed."""
        try:
            return self._request(method, self._prefix + path, headers, body)
        except (OSError, ValueError) as error:
            self.close()
            raise ConnectionFailed(f"{type(error).__name__}: {error}") from error
        except ConnectionFailed:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _request(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Response:
        if self._proxy and self._server.scheme == "http":
            target = f"http://{_format_host(self._server)}{target}"
            headers = {**headers, **self._proxy_headers}
        connection = self._socket or self._connect()
        self._send(connection, self._format_head(method, target, headers, len(body)) + body)
        response = ResponseReader(connection, self._deadline).read()
        self._deadline.note_progress()
        if response.headers.get("connection", "").lower() == "close":
            self.close()
        return response

    def _connect(self) -> socket.socket:
        """Connect to the server; through a proxy and over TLS if necessary."""
        peer = self._proxy or self._server
        # As bytes, an ASCII name doesn't need the codec for other names, which takes 2 ms to load.
        host = peer.host.encode() if peer.host.isascii() else peer.host
        self._socket = socket.create_connection(
            (host, peer.port or _PORTS[peer.scheme]),  # type: ignore[arg-type]  # getaddrinfo takes bytes too
            self._deadline.remaining_seconds(),
        )
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._deadline.note_progress()
        if self._proxy and self._proxy.scheme == "https":
            self._secure(self._proxy.host)
        if self._server.scheme == "https":
            if self._proxy:
                self._open_tunnel(self._socket)
            self._secure(self._server.host)
        return self._socket

    def _open_tunnel(self, connection: socket.socket) -> None:
        """Make the proxy pass everything on to the server."""
        target = _format_host(self._server._replace(port=self._server.port or _PORTS["https"]))
        self._send(connection, self._format_head("CONNECT", target, self._proxy_headers, 0))
        status, _ = ResponseReader(connection, self._deadline).read_head()
        if status != 200:  # noqa: PLR2004 - OK
            raise ConnectionFailed(f"the proxy refuses to connect to the server: status {status}")

    def _secure(self, host: str) -> None:
        """Begin TLS on the connection, with whom it leads to now."""
        from mnemos.hooks.http.tls import wrap  # noqa: PLC0415 - `ssl` is costly, so only for https

        assert self._socket is not None  # noqa: S101 - for the type checker
        self._socket.settimeout(self._deadline.remaining_seconds())
        self._socket = wrap(self._socket, host, self._network)
        self._deadline.note_progress()

    def _send(self, connection: socket.socket, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK_BYTES):
            connection.settimeout(self._deadline.remaining_seconds())
            connection.sendall(data[start : start + _CHUNK_BYTES])
            self._deadline.note_progress()

    def _format_head(self, method: str, target: str, headers: dict[str, str], body_bytes: int) -> bytes:
        host = target if method == "CONNECT" else _format_host(self._server)
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"Content-Length: {body_bytes}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any(not line.isprintable() for line in lines):
            raise ConnectionFailed("a header holds a control character")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _format_host(url: Url) -> str:
    """Return host and port as in a `Host` header."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return host if url.port is None else f"{host}:{url.port}"
