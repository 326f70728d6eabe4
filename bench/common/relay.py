"""A link to a server with a round-trip time of its own, on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator

from bench.common.client import Address

_CHUNK_BYTES = 64 * 1024


@contextlib.contextmanager
def delaying_relay(server: Address, round_trip_ms: float) -> Iterator[Address]:
    """Forward connections to a server, so that each direction takes half of the round-trip time.

    This machine's kernel accepts a connection at once, so the first bytes of each one wait for a whole round
    trip more: the handshake.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    relay = _Relay(server, round_trip_ms / 1_000)
    try:
        port = asyncio.run_coroutine_threadsafe(relay.start(), loop).result(10)
        yield Address("127.0.0.1", port, server.api_key)
    finally:
        asyncio.run_coroutine_threadsafe(relay.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class _Relay:
    def __init__(self, server: Address, round_trip: float) -> None:
        self._server = server
        self._round_trip = round_trip
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen, and return the port."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self._listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close everything."""
        if self._listener is not None:
            self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        there, back = await asyncio.open_connection(self._server.host, self._server.port)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):  # closed by one of them, or by `stop`
                await asyncio.gather(
                    self._forward(reader, back, self._round_trip), self._forward(there, writer, 0.0)
                )
        finally:
            back.close()
            writer.close()

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, first: float) -> None:
        """Forward all bytes, each as late as the link makes it, and the first ones later still."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def receive() -> None:
            data, extra = b"-", first
            while data:
                data = await source.read(_CHUNK_BYTES)
                queue.put_nowait((time.monotonic() + self._round_trip / 2 + extra, data))
                extra = 0.0

        async def send() -> None:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(due - time.monotonic(), 0))
                if not data:
                    with contextlib.suppress(OSError):
                        sink.write_eof()
                    return
                sink.write(data)
                await sink.drain()

        await asyncio.gather(receive(), send())
