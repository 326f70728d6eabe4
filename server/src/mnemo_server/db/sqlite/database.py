"""SQLite behind the database port: one thread writes, a few read; a transaction is one hop to a thread."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, Self, TypeVar

from mnemo_server.db.database import TRANSACTION_SECONDS, Connection, Params, Row
from mnemo_server.db.errors import DatabaseError, DatabaseUnavailable, WriteConflict
from mnemo_server.db.queries import Query, parse_queries
from mnemo_server.db.query_files import Variant
from mnemo_server.db.sqlite.connection import SqliteConnection, prepare_file
from mnemo_server.db.sqlite.threads import Job, SqliteThreads

T = TypeVar("T")

#: More readers would only contend for the interpreter lock.
_MOST_READERS: Final = 3
#: How often a statement is tried while other processes keep the file locked; each try waits `BUSY_SECONDS`.
_BUSY_ATTEMPTS: Final = 3

_QUERIES: Final = parse_queries(
    "-- name: ping\nSELECT COUNT(*) FROM sqlite_master;", "sqlite", origin=__name__
)


class SqliteDatabase:
    """One SQLite file, which other processes may use at the same time."""

    engine: Final = "sqlite"
    variant: Final[Variant] = "sqlite"

    def __init__(self, path: Path, *, pool_size: int) -> None:
        self._path = path
        self._connections: list[SqliteConnection] = []
        self._writer = SqliteThreads(self._open_connection, 1)
        self._readers = SqliteThreads(self._open_connection, min(pool_size, _MOST_READERS))

    @classmethod
    async def open(cls, path: Path, *, pool_size: int = 8) -> Self:
        """Open the database at a path, and create it if it is absent; see `prepare_file` for errors."""
        await asyncio.to_thread(prepare_file, path)
        database = cls(path, pool_size=pool_size)
        await database._writer.start()  # alone, so that only one connection switches a new file to WAL
        try:
            await database._readers.start()
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def round_trips(self) -> int:
        """See `Database`."""
        return sum(connection.round_trips for connection in self._connections)

    async def fetch_one(self, query: Query, params: Params) -> Row | None:
        """See `Connection`."""
        return await self._readers.run(_job(lambda connection: connection.fetch_one(query, params)))

    async def fetch_all(self, query: Query, params: Params) -> list[Row]:
        """See `Connection`."""
        return await self._readers.run(_job(lambda connection: connection.fetch_all(query, params)))

    async def execute(self, query: Query, params: Params) -> int:
        """See `Connection`."""
        return await self._writer.run(_job(lambda connection: connection.execute(query, params)))

    async def execute_many(self, query: Query, rows: Sequence[Params]) -> None:
        """See `Connection`."""
        await self.transact(lambda connection: connection.execute_many(query, rows))

    async def execute_script(self, statements: Sequence[str]) -> None:
        """See `Connection`."""
        await self.transact(lambda connection: connection.execute_script(statements))

    async def transact(
        self,
        work: Callable[[Connection], Awaitable[T]],
        *,
        deadline_seconds: float = TRANSACTION_SECONDS,
        only_inserts: bool = False,  # noqa: ARG002 - one lock serves every transaction
    ) -> T:
        """See `Database`. `work` runs on the writer's thread, with the caller's context variables.

        The deadline applies until `work` begins: only the wait for other writers can take long.
        """
        context = contextvars.copy_context()
        begin_until = time.monotonic() + deadline_seconds

        def unit(connection: SqliteConnection) -> T:
            return _persist(lambda: context.run(_transact, connection, work, begin_until))

        return await self._writer.run(unit)

    async def ping(self) -> None:
        """See `Database`."""
        await self.fetch_one(_QUERIES.ping, {})

    async def close(self) -> None:
        """See `Database`."""
        await self._readers.close()
        await self._writer.close()

    def _open_connection(self) -> SqliteConnection:
        connection = _persist(lambda: SqliteConnection(self._path))
        self._connections.append(connection)
        return connection


def _transact(
    connection: SqliteConnection, work: Callable[[Connection], Awaitable[T]], begin_until: float
) -> T:
    """Run one unit of work between BEGIN and COMMIT, unless its turn comes later than `begin_until`."""
    connection.send("BEGIN IMMEDIATE")
    try:
        _check_turn(begin_until)
        result = _run_now(work(connection))
        connection.send("COMMIT")
    except BaseException:
        if connection.is_in_transaction:  # after some errors SQLite has rolled back by itself
            connection.send("ROLLBACK")
        raise
    return result


def _check_turn(begin_until: float) -> None:
    """Raise an error if a unit of work waited too long; `begin_until` is a time of the monotonic clock."""
    if time.monotonic() > begin_until:
        raise DatabaseUnavailable("Other writes kept the database busy for too long; nothing was changed.")


def _job(ask: Callable[[SqliteConnection], Awaitable[T]]) -> Job[T]:
    """Return a job that runs one statement as its own transaction."""
    return lambda connection: _persist(lambda: _run_now(ask(connection)))


def _persist(action: Callable[[], T]) -> T:
    """Retry while other processes keep the file locked; SQLite's own wait doesn't cover every case."""
    for _ in range(_BUSY_ATTEMPTS - 1):
        with contextlib.suppress(WriteConflict):
            return action()
    return action()


def _run_now(awaitable: Awaitable[T]) -> T:
    """Run an awaitable that never suspends to its end, without an event loop."""
    steps = awaitable.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    raise DatabaseError("A transaction may await nothing but its own connection.")
