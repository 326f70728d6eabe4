"""One connection of the MySQL family: statements, rows, transactions, translated errors."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from asyncmy.cursors import Cursor
from asyncmy.errors import MySQLError

from mnemo_server.db.database import Params, Row
from mnemo_server.db.errors import (
    AlreadyExists,
    ConnectionLost,
    DatabaseError,
    DatabaseUnavailable,
    WriteConflict,
)
from mnemo_server.db.mysql.errors import translate
from mnemo_server.db.queries import Query

#: How long ROLLBACK or a clean shutdown may take before the connection is simply closed.
_ROLLBACK_SECONDS: Final = 1.0
#: At up to 4 bytes each, these stay below the smallest `max_allowed_packet` in use (MariaDB: 16 MiB).
_BATCH_CHARACTERS: Final = 3_000_000


@dataclass(slots=True)
class RoundTrips:
    """Statements sent over all connections of a database."""

    count: int = 0


class MysqlConnection:
    """Statements on one connection of the driver. Any error that leaves it in an unknown state closes it."""

    def __init__(self, raw: Any, round_trips: RoundTrips) -> None:
        self._raw = raw
        self._round_trips = round_trips
        self._failure: DatabaseError | None = None

    @property
    def is_usable(self) -> bool:
        """Whether the stream is open as far as this side knows."""
        return bool(self._raw.connected and not self._raw._stream_broken)  # noqa: SLF001 - as its own pool asks

    @property
    def server_version(self) -> str:
        """The version that the server reports, such as "8.0.11-TiDB-v8.5.0"."""
        return str(self._raw.get_server_info())

    async def fetch_one(self, query: Query, params: Params) -> Row | None:
        """See `Connection`."""
        cursor = await self._send(query, params)
        row = await cursor.fetchone()
        if row is None:
            return None
        return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}

    async def fetch_all(self, query: Query, params: Params) -> list[Row]:
        """See `Connection`."""
        cursor = await self._send(query, params)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]

    async def execute(self, query: Query, params: Params) -> int:
        """See `Connection`."""
        cursor = await self._send(query, params)
        changed: int = cursor.rowcount
        return changed

    async def execute_many(self, query: Query, rows: Sequence[Params]) -> None:
        """See `Connection`."""
        if query.batch is None or (len(rows) == 1 and query.prepared is not None):
            for row in rows:
                await self._send(query, row)
            return
        head, values, tail = query.batch
        literal = self._raw.literal
        texts = (values % {name: literal(value) for name, value in row.items()} for row in rows)
        for batch in _batches(texts):
            await self._run(query.name, f"{head}{batch}{tail}", None)

    async def execute_script(self, statements: Sequence[str]) -> None:
        """See `Connection`."""
        for statement in statements:
            with contextlib.suppress(AlreadyExists):
                await self._run(" ".join(statement.split()[:3]), statement, None)

    async def commit(self) -> None:
        """Commit, unless a statement failed in a way that ended the transaction: then raise its error.

        Raises:
            DatabaseUnavailable: the connection broke during the commit, so that the outcome is unknown.
        """
        if self._failure is not None:
            raise self._failure
        self._round_trips.count += 1
        try:
            await self._raw.commit()
        except BaseException as error:  # noqa: BLE001 - raised again, translated
            raise outcome_if_lost(self._failed(error, "COMMIT")) from None

    async def roll_back(self) -> None:
        """Roll back the open transaction; if that fails, close the connection, which rolls back too."""
        self._failure = None
        if not self.is_usable:
            return
        self._round_trips.count += 1
        try:
            async with asyncio.timeout(_ROLLBACK_SECONDS):
                await self._raw.rollback()
        except BaseException as error:
            self.close()
            if not isinstance(error, MySQLError | OSError):
                raise

    def close(self) -> None:
        """Close at once; the server rolls back the open transaction."""
        self._raw.close()

    async def say_goodbye(self) -> None:
        """Close with a proper end of the session."""
        with contextlib.suppress(MySQLError, OSError):
            async with asyncio.timeout(_ROLLBACK_SECONDS):
                await self._raw.ensure_closed()
        self._raw.close()

    async def _send(self, query: Query, params: Params) -> Any:
        """Send a query, either prepared on the server or with its values in the text."""
        try:
            if query.prepared is not None:
                return await self._run(query.name, query.prepared, [params[name] for name in query.order])
            text, values = query.render(params)
            return await self._run(query.name, text, dict(values))
        except KeyError as error:
            raise DatabaseError(f"{query.name}: the parameter {error} is missing.") from None

    async def _run(self, name: str, text: str, values: list[object] | dict[str, object] | None) -> Any:
        cursor = self._raw.cursor(Cursor)
        self._round_trips.count += 1
        try:
            await cursor.execute(text, values)
        except KeyError:  # a parameter is missing; nothing was sent
            raise
        except BaseException as error:  # noqa: BLE001 - raised again, translated
            raise self._failed(error, name) from None
        return cursor

    def _failed(self, error: BaseException, name: str) -> BaseException:
        """Return the error to raise; close the connection unless the server itself responded with it."""
        if not isinstance(error, MySQLError):
            self.close()
        if not isinstance(error, Exception):  # cancelled in the middle of a response
            return error
        failure = translate(error, name)
        if isinstance(failure, ConnectionLost):
            self.close()
        if isinstance(failure, ConnectionLost | WriteConflict):
            self._failure = failure
        return failure


def outcome_if_lost(error: BaseException) -> BaseException:
    """Return an error that isn't retried if the connection was lost after a change was sent."""
    if isinstance(error, ConnectionLost) and error.is_sent:
        return DatabaseUnavailable(f"{error} It is unknown whether the change was committed.")
    return error


def _batches(rows: Iterable[str]) -> Iterator[str]:
    """Yield the texts of rows, joined by commas, with up to `_BATCH_CHARACTERS` per batch."""
    batch: list[str] = []
    length = 0
    for row in rows:
        if batch and length + len(row) > _BATCH_CHARACTERS:
            yield ",".join(batch)
            batch, length = [], 0
        batch.append(row)
        length += len(row) + 1
    if batch:
        yield ",".join(batch)
