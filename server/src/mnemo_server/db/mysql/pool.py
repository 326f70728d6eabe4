"""A pool of connections that opens, reuses and forgets them without a round trip of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from mnemo_server.db.errors import DatabaseUnavailable
from mnemo_server.db.mysql.connection import MysqlConnection

#: A connection that idled for longer is replaced: load balancers drop idle ones silently, most after 350 s.
IDLE_SECONDS: Final = 240.0


class MysqlPool:
    """At most `size` connections; the one used last is used next.

    Connections that the server closed while idle are noticed without asking, because the event loop has
    seen the end of their stream.
    """

    def __init__(self, open_connection: Callable[[], Awaitable[MysqlConnection]], size: int) -> None:
        self._open_connection = open_connection
        self._places = asyncio.Semaphore(size)
        self._idle: list[tuple[float, MysqlConnection]] = []
        self._is_closed = False

    async def take(self) -> MysqlConnection:
        """Return a connection for the caller alone, who must give it back."""
        if self._is_closed:
            raise DatabaseUnavailable("The database is closed.")
        await self._places.acquire()
        try:
            while self._idle:
                idle_since, connection = self._idle.pop()
                if connection.is_usable and time.monotonic() - idle_since < IDLE_SECONDS:
                    return connection
                connection.close()
            return await self._open_connection()
        except BaseException:
            self._places.release()
            raise

    def give_back(self, connection: MysqlConnection) -> None:
        """Take a connection back: between transactions, or closed when its state is unknown."""
        if self._is_closed or not connection.is_usable:
            connection.close()
        else:
            self._idle.append((time.monotonic(), connection))
        self._places.release()

    def forget_idle(self) -> None:
        """Close what idles: where one connection broke, the others most likely did too."""
        while self._idle:
            self._idle.pop()[1].close()

    async def close(self) -> None:
        """Close idle connections politely; those in use are closed when they come back."""
        self._is_closed = True
        while self._idle:
            await self._idle.pop()[1].say_goodbye()
        await asyncio.sleep(0)  # transports closed just now let go of their sockets in the next turn
