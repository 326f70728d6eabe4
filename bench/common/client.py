"""An HTTP/1.1 client over persistent connections: small, as it shares the processor with what it measures."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

#: Seconds within which every response must arrive.
RESPONSE_SECONDS = 30
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)


class UnexpectedResponse(Exception):
    """The response isn't what the operation expects, or there is none."""


@dataclass(frozen=True, slots=True)
class Response:
    """Status and body of one response."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a server, and the key to use there."""

    host: str
    port: int
    api_key: str = ""

    @classmethod
    def of(cls, url: str, api_key: str = "") -> Self:
        """Read an address such as http://127.0.0.1:8080."""
        parts = urlsplit(url)
        return cls(parts.hostname or "127.0.0.1", parts.port or 80, api_key)

    def request(self, method: str, path: str, body: bytes | None = None, headers: str = "") -> bytes:
        """Return a whole request as bytes; `headers` are further lines, each ending in CRLF."""
        if body is not None:
            headers += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        if self.api_key:
            headers += f"X-API-Key: {self.api_key}\r\n"
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n{headers}\r\n"
        return head.encode() + (body or b"")


class HttpConnection(asyncio.Protocol):
    """One connection that carries one request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._pending: asyncio.Future[Response] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, address: Address) -> Self:
        """Open a connection to a server."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, address.host, address.port)
        return connection

    async def send(self, request: bytes) -> Response:
        """Send a request and wait for its response; the caller sets the timeout."""
        if self._transport is None or self._transport.is_closing():
            raise UnexpectedResponse("the server closed the connection")
        self._pending = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._pending

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`. Our servers always send a length unless there is no body."""
        self._received += data
        end = self._received.find(_HEAD_END)
        if end < 0:
            return
        length = _LENGTH.search(self._received, 0, end)
        start = end + len(_HEAD_END)
        until = start + (int(length[1]) if length else 0)
        if len(self._received) < until:
            return
        response = Response(int(self._received[9:12]), bytes(self._received[start:until]))
        del self._received[:until]
        if self._pending is not None and not self._pending.done():
            self._pending.set_result(response)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._pending is not None and not self._pending.done():
            self._pending.set_exception(UnexpectedResponse(f"the connection broke: {exc or 'closed'}"))


async def fetch(connection: HttpConnection, request: bytes, status: int) -> bytes:
    """Send a request outside a measurement and return the body of its response.

    Raises:
        UnexpectedResponse: the status is a different one.
        TimeoutError: there is no response within `RESPONSE_SECONDS`.
    """
    async with asyncio.timeout(RESPONSE_SECONDS):
        response = await connection.send(request)
    check_status(response, status)
    return response.body


def check_status(response: Response, status: int) -> None:
    """Raise `UnexpectedResponse` unless the status is the expected one."""
    if response.status != status:
        raise UnexpectedResponse(f"expected {status}, got {response.status}: {response.body[:500]!r}")
