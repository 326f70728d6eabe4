"""Threads that own SQLite connections, so that the event loop never waits for a disk."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from mnemo_server.db.errors import DatabaseUnavailable
from mnemo_server.db.sqlite.connection import SqliteConnection

T = TypeVar("T")

Job = Callable[[SqliteConnection], T]


class SqliteThreads:
    """A few threads with one connection each, which take jobs from one queue.

    A thread runs its jobs one after another, so a single thread is also a lock. A job that has begun runs to
    its end even when the task that waits for it is cancelled.
    """

    def __init__(self, open_connection: Callable[[], SqliteConnection], count: int) -> None:
        self._open_connection = open_connection
        self._count = count
        #: Jobs with the futures for their results; a future without a job ends the thread that takes it.
        self._jobs: SimpleQueue[tuple[asyncio.Future[Any], Job[Any]] | asyncio.Future[None]] = SimpleQueue()
        self._is_open = False

    async def start(self) -> None:
        """Start the threads; raise the error if opening a connection fails."""
        self._is_open = True
        starts = [asyncio.get_running_loop().create_future() for _ in range(self._count)]
        for start in starts:
            threading.Thread(target=self._work, args=(start,), name="sqlite", daemon=True).start()
        errors = [error for error in await asyncio.gather(*starts, return_exceptions=True) if error]
        self._count -= len(errors)
        if errors:
            await self.close()
            raise errors[0]

    def run(self, job: Job[T]) -> asyncio.Future[T]:
        """Run a job on the next free thread; the future gets its result or error."""
        if not self._is_open:
            raise DatabaseUnavailable("The database is closed.")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put((future, job))
        return future

    async def close(self) -> None:
        """Finish the submitted jobs, close the connections and end the threads."""
        if not self._is_open:
            return
        self._is_open = False
        ends = [asyncio.get_running_loop().create_future() for _ in range(self._count)]
        for end in ends:
            self._jobs.put(end)
        await asyncio.gather(*ends)

    def _work(self, start: asyncio.Future[None]) -> None:
        """Run jobs until the thread has to end: the body of each thread."""
        try:
            connection = self._open_connection()
        except Exception as error:  # noqa: BLE001 - handed over to the task that waits
            _settle(start, None, error)
            return
        _settle(start, None, None)
        while isinstance(item := self._jobs.get(), tuple):
            future, job = item
            try:
                if not future.cancelled():
                    _settle(future, job(connection), None)
            except BaseException as error:  # noqa: BLE001 - handed over to the task that waits
                _settle(future, None, error)
            del future, job, item  # a waiting thread must not keep objects alive
        connection.close()
        _settle(item, None, None)


def _settle(future: asyncio.Future[T], result: T, error: BaseException | None) -> None:
    """Pass a result to the event loop, unless that is closed and no task waits any more."""
    with contextlib.suppress(RuntimeError):
        future.get_loop().call_soon_threadsafe(_set_outcome, future, result, error)


def _set_outcome(future: asyncio.Future[T], result: T, error: BaseException | None) -> None:
    if future.done():  # the task that waited was cancelled
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
