"""A minimal HTTP/1.1 client for hooks.

Importing `http.client` takes 45 ms, so plain `http://` addresses use a bare socket; `https://` uses the
standard library's client.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, NamedTuple

from mnemos.hooks.http.urls import split_url

if TYPE_CHECKING:
    from collections.abc import Callable

#: Maximum bytes of a response; a page of ten memories is far smaller.
MAX_RESPONSE_BYTES = 4 * 1024 * 1024
_MAX_HEAD_BYTES = 64 * 1024
_CHUNK_BYTES = 64 * 1024


class ConnectionFailed(Exception):
    """There was no usable response in time: refused, timed out, broken off, or not HTTP."""


class Response(NamedTuple):
    """One HTTP response."""

    status: int
    #: By lower-case name.
    headers: dict[str, str]
    body: bytes


class Deadline:
    """The time by which everything must be done, and a callback for progress."""

    def __init__(self, seconds: float, note_progress: Callable[[], None] = lambda: None) -> None:
        """Set the seconds from now, and what is called after each connection, sent part and response."""
        self._at = time.monotonic() + seconds
        self.note_progress = note_progress

    def remaining_seconds(self) -> float:
        """Return the remaining seconds; raises ConnectionFailed if there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise ConnectionFailed("out of time")
        return left

    def note_miss(self, reason: str) -> None:
        """Note why the work of this deadline was given up; nothing needs to know that of a plain one."""


class Connection:
    """A connection to one server, kept open between requests. Every request ends by the deadline."""

    def __init__(self, url: str, deadline: Deadline) -> None:
        """Set the server, without connecting; raises ConnectionFailed if `url` isn't an http(s) address."""
        try:
            parts = split_url(url)
        except ValueError as error:
            raise ConnectionFailed("the server's URL can't be read") from error
        if parts.scheme not in ("http", "https") or not parts.host:
            raise ConnectionFailed("the server's URL must begin with http:// or https://")
        self._host, self._port = parts.host, parts.port
        self._secure = parts.scheme == "https"
        self._prefix = parts.path.rstrip("/")
        self._deadline = deadline
        self._socket: socket.socket | None = None

    def request(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Response:
        """Send one request and return the response; raises ConnectionFailed."""
        try:
            if self._secure:
                return self._request_secure(method, self._prefix + path, headers, body)
            return self._request_plain(method, self._prefix + path, headers, body)
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

    def _request_plain(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Response:
        if self._socket is None:
            # As bytes, an ASCII name doesn't need the codec for other names, which takes 2 ms to load.
            host = self._host.encode() if self._host.isascii() else self._host
            self._socket = socket.create_connection(
                (host, self._port or 80),  # type: ignore[arg-type]  # getaddrinfo takes bytes too
                self._deadline.remaining_seconds(),
            )
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._deadline.note_progress()
        self._send(self._socket, self._format_head(method, target, headers, len(body)) + body)
        response = _ResponseReader(self._socket, self._deadline).read()
        self._deadline.note_progress()
        if response.headers.get("connection", "").lower() == "close":
            self.close()
        return response

    def _send(self, connection: socket.socket, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK_BYTES):
            connection.settimeout(self._deadline.remaining_seconds())
            connection.sendall(data[start : start + _CHUNK_BYTES])
            self._deadline.note_progress()

    def _format_head(self, method: str, target: str, headers: dict[str, str], body_bytes: int) -> bytes:
        host = f"[{self._host}]" if ":" in self._host else self._host
        host = host if self._port is None else f"{host}:{self._port}"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"Content-Length: {body_bytes}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any(not line.isprintable() for line in lines):
            raise ConnectionFailed("a header holds a control character")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _request_secure(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Response:
        from http.client import HTTPException, HTTPSConnection  # noqa: PLC0415 - costly, so only for https

        timeout = self._deadline.remaining_seconds()
        client = HTTPSConnection(self._host, self._port, timeout=timeout)
        try:
            client.connect()
            self._deadline.note_progress()
            client.request(method, target, body, headers)
            response = client.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            body = response.read(MAX_RESPONSE_BYTES)
        except HTTPException as error:
            raise ConnectionFailed(f"not HTTP: {type(error).__name__}") from error
        finally:
            client.close()
        self._deadline.note_progress()
        return Response(response.status, names, body)


class _ResponseReader:
    """Reads one response from a socket, within the size limits and the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._buffer = bytearray()

    def read(self) -> Response:
        head = self._read_until(b"\r\n\r\n", _MAX_HEAD_BYTES)
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise ConnectionFailed("the response isn't HTTP")
        fields = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        return Response(int(rest[:3]), headers, self._read_body(int(rest[:3]), headers))

    def _read_body(self, status: int, headers: dict[str, str]) -> bytes:
        if status in (204, 304):
            return b""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._read_chunks()
        if "content-length" in headers:
            return self._read_exactly(_bounded(int(headers["content-length"])))
        while self._receive():
            _bounded(len(self._buffer))
        return bytes(self._buffer)

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while size := int(self._read_until(b"\r\n", 1024).split(b";")[0], 16):
            body += self._read_exactly(_bounded(size + len(body)) - len(body))
            self._read_until(b"\r\n", 2)
        while self._read_until(b"\r\n", _MAX_HEAD_BYTES):
            pass  # trailers end with an empty line
        return bytes(body)

    def _read_until(self, end: bytes, limit: int) -> bytes:
        searched = 0
        while (at := self._buffer.find(end, searched)) < 0:
            if len(self._buffer) > limit:
                raise ConnectionFailed("a line of the response is too long")
            searched = max(0, len(self._buffer) - len(end))
            self._receive_some()
        found = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        return found

    def _read_exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive_some()
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    def _receive_some(self) -> None:
        if not self._receive():
            raise ConnectionFailed("the server broke off")

    def _receive(self) -> bool:
        self._connection.settimeout(self._deadline.remaining_seconds())
        data = self._connection.recv(65_536)
        self._buffer += data
        return bool(data)


def _bounded(size: int) -> int:
    if not 0 <= size <= MAX_RESPONSE_BYTES:
        raise ConnectionFailed("the response is too large")
    return size
