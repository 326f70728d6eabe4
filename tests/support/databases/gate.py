"""A TCP proxy that can be cut, paused and restored: a database that becomes unreachable and recovers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from anyio.from_thread import BlockingPortal, start_blocking_portal

_CHUNK_BYTES = 65_536
#: Seconds until a connection that was accepted just before a cut has reached its handler.
_ACCEPT_SECONDS = 0.05


class Gate:
    """A proxy between a client and `target`; `open_gate` creates it, and its thread runs the event loop."""

    def __init__(self, portal: BlockingPortal, target: tuple[str, int]) -> None:
        self._portal = portal
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._handlers: set[asyncio.Task[None]] = set()
        self._passing: asyncio.Event | None = None
        self.port = 0

    def restore(self) -> None:
        """Accept connections, on the same port as the first time."""
        self._portal.call(self._listen)

    def cut(self) -> None:
        """Break every connection and refuse new ones, like a server that died."""
        self._portal.call(self._cut)

    def hold(self) -> None:
        """Pass nothing on without breaking any connection, like a network that drops packets."""
        self._portal.call(self._set_passing, False)

    def release(self) -> None:
        """Pass on what was held back."""
        self._portal.call(self._set_passing, True)

    async def _set_passing(self, passing: bool) -> None:
        if self._passing is None:
            self._passing = asyncio.Event()
        (self._passing.set if passing else self._passing.clear)()

    async def _listen(self) -> None:
        await self._set_passing(True)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await self._set_passing(True)
        await asyncio.sleep(_ACCEPT_SECONDS)
        await asyncio.gather(*self._handlers)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or not self._server.is_serving():
            writer.transport.abort()
            return
        handler = asyncio.current_task()
        assert handler is not None
        self._handlers.add(handler)
        handler.add_done_callback(self._handlers.discard)
        self._writers.add(writer)
        try:
            with suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection(*self._target)
                self._writers.add(far_writer)
                await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
                self._writers.discard(far_writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._passing is not None
        try:
            with suppress(OSError):
                while chunk := await reader.read(_CHUNK_BYTES):
                    await self._passing.wait()
                    writer.write(chunk)
                    await writer.drain()
        finally:
            self._writers.discard(writer)
            writer.close()


@contextmanager
def open_gate(host: str, port: int) -> Iterator[Gate]:
    """Yield an open gate in front of a server."""
    with start_blocking_portal() as portal:
        gate = Gate(portal, (host, port))
        gate.restore()
        try:
            yield gate
        finally:
            gate.cut()
