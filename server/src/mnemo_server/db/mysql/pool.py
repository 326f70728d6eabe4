"""A pool that opens, reuses and drops connections without extra round trips."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from mnemo_server.db.errors import DatabaseUnavailable
from mnemo_server.db.mysql.connection import MysqlConnection

#: Connections that were idle for longer are replaced: load balancers drop them silently, most after 350 s.
IDLE_SECONDS: Final = 240.0


class MysqlPool:
    """At most `size` connections; the most recently used one is used next.

    Connections that the server closed while they were idle are detected without a query, because the event
    loop has seen the end of their stream.
    """

    def __init__(self, open_connection: Callable[[], Awaitable[MysqlConnection]], size: int) -> None:
        self._open_connection = open_connection
        self._places = asyncio.Semaphore(size)
        self._idle: list[tuple[float, MysqlConnection]] = []
        self._is_closed = False

    async def take(self) -> MysqlConnection:
        """Return a connection for exclusive use; the caller must return it with `give_back`."""
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
        """Accept a connection back: between transactions, or closed when its state is unknown."""
        if self._is_closed or not connection.is_usable:
            connection.close()
        else:
            self._idle.append((time.monotonic(), connection))
        self._places.release()

    def forget_idle(self) -> None:
        """Close the idle connections: when one connection broke, the others most likely did too."""
        while self._idle:
            self._idle.pop()[1].close()

    async def close(self) -> None:
        """Close idle connections properly; those in use are closed when they are given back."""
        self._is_closed = True
        while self._idle:
            await self._idle.pop()[1].say_goodbye()
        await asyncio.sleep(0)  # transports that were just closed release their sockets in the next turn
