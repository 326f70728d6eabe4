"""Reads one HTTP/1.1 response from a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mnemos.hooks.http.deadline import ConnectionFailed

if TYPE_CHECKING:
    import socket

    from mnemos.hooks.http.deadline import Deadline

#: Maximum bytes of a response; a page of ten memories is far smaller.
MAX_RESPONSE_BYTES = 4 * 1024 * 1024
_MAX_HEAD_BYTES = 64 * 1024


class Response(NamedTuple):
    """One HTTP response."""

    status: int
    #: By lower-case name.
    headers: dict[str, str]
    body: bytes


class ResponseReader:
    """Reads one response from a socket, within the size limits and the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._buffer = bytearray()

    def read(self) -> Response:
        """Read head and body; raises ConnectionFailed, OSError or ValueError."""
        status, headers = self.read_head()
        return Response(status, headers, self._read_body(status, headers))

    def read_head(self) -> tuple[int, dict[str, str]]:
        """Read the status and the headers, by lower-case name."""
        head = self._read_until(b"\r\n\r\n", _MAX_HEAD_BYTES)
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise ConnectionFailed("the response isn't HTTP")
        fields = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        return int(rest[:3]), headers

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
