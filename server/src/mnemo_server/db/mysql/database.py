"""TiDB, MySQL and MariaDB behind the database port: three pools, retries of whole units, bounded waits."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Self, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from mnemo_server.db.database import TRANSACTION_SECONDS, Connection, Params, Row
from mnemo_server.db.dsn import Dsn
from mnemo_server.db.errors import ConnectionLost, DatabaseUnavailable, UnknownDatabase, WriteConflict
from mnemo_server.db.mysql.connection import MysqlConnection, RoundTrips, outcome_if_lost
from mnemo_server.db.mysql.pool import MysqlPool
from mnemo_server.db.mysql.session import open_session, tls_context
from mnemo_server.db.queries import Query, parse_queries
from mnemo_server.db.query_files import Variant

T = TypeVar("T")

#: A statement outside a transaction ends within this time, including retries and the wait for a connection.
STATEMENT_SECONDS: Final = 8.0
#: A script may rebuild an index of a large table.
SCRIPT_SECONDS: Final = 600.0

#: How often a unit runs when it conflicts with other writers, and the pauses in between: random, up to 5 ms
#: at first, and up to twice as long after each further attempt.
_ATTEMPTS: Final = 5
_FIRST_PAUSE_SECONDS: Final = 0.005
_LONGEST_PAUSE_SECONDS: Final = 0.2

_QUERIES: Final = parse_queries("-- name: ping\nSELECT 1 AS one;", "mysql", origin=__name__)


class MysqlDatabase:
    """One database on a server of the MySQL family.

    It has three pools of at most `pool_size` connections each:

    - readers, in autocommit mode, for reads and single statements;
    - writers, on which a transaction is always open, so that no BEGIN is sent;
    - inserters, for transactions that only insert: TiDB acquires their locks at the commit.
    """

    variant: Final[Variant] = "mysql"

    def __init__(self, dsn: Dsn, tls: ssl.SSLContext | None, *, pool_size: int) -> None:
        self._dsn = dsn
        self._tls = tls
        self._round_trips = RoundTrips()
        self._readers = MysqlPool(lambda: self._open_connection(autocommit=True), pool_size)
        self._writers = MysqlPool(lambda: self._open_connection(autocommit=False), pool_size)
        self._inserters = MysqlPool(
            lambda: self._open_connection(autocommit=False, is_optimistic=True), pool_size
        )
        self.engine = "mysql"

    @classmethod
    async def open(cls, dsn: Dsn, *, pool_size: int = 8) -> Self:
        """Connect; create the database if it is absent and the user is allowed to.

        Raises:
            DatabaseUnavailable: the server does not respond, rejects the login, or has no such database.
        """
        database = cls(dsn, await asyncio.to_thread(tls_context, dsn), pool_size=pool_size)
        try:
            connection = await database._readers.take()
        except UnknownDatabase:
            await database._create()
            connection = await database._readers.take()
        database.engine = _engine(connection.server_version)
        database._readers.give_back(connection)
        return database

    @property
    def round_trips(self) -> int:
        """See `Database`."""
        return self._round_trips.count

    async def fetch_one(self, query: Query, params: Params) -> Row | None:
        """See `Connection`."""
        return await self._ask(lambda connection: connection.fetch_one(query, params))

    async def fetch_all(self, query: Query, params: Params) -> list[Row]:
        """See `Connection`."""
        return await self._ask(lambda connection: connection.fetch_all(query, params))

    async def execute(self, query: Query, params: Params) -> int:
        """See `Connection`."""

        async def change(connection: MysqlConnection) -> int:
            try:
                return await connection.execute(query, params)
            except ConnectionLost as lost:
                raise outcome_if_lost(lost) from None

        return await self._ask(change, is_change=True)

    async def execute_many(self, query: Query, rows: Sequence[Params]) -> None:
        """See `Connection`."""
        await self.transact(lambda connection: connection.execute_many(query, rows))

    async def execute_script(self, statements: Sequence[str]) -> None:
        """See `Connection`."""
        await self.transact(
            lambda connection: connection.execute_script(statements), deadline_seconds=SCRIPT_SECONDS
        )

    async def transact(
        self,
        work: Callable[[Connection], Awaitable[T]],
        *,
        deadline_seconds: float = TRANSACTION_SECONDS,
        only_inserts: bool = False,
    ) -> T:
        """See `Database`."""
        pool = self._inserters if only_inserts else self._writers
        is_committing = False

        async def unit() -> T:
            nonlocal is_committing
            connection = await pool.take()
            try:
                result = await work(connection)
                is_committing = True
                await connection.commit()
            except Exception:
                is_committing = False
                await connection.roll_back()
                raise
            except BaseException:
                connection.close()
                raise
            finally:
                pool.give_back(connection)
            return result

        try:
            return await self._persist(unit, deadline_seconds)
        except TimeoutError:
            raise _late(deadline_seconds, is_outcome_known=not is_committing) from None

    async def ping(self) -> None:
        """See `Database`."""
        await self.fetch_one(_QUERIES.ping, {})

    async def close(self) -> None:
        """See `Database`."""
        for pool in self._pools:
            await pool.close()

    async def _ask(self, ask: Callable[[MysqlConnection], Awaitable[T]], *, is_change: bool = False) -> T:
        """Send one statement outside a transaction."""

        async def unit() -> T:
            connection = await self._readers.take()
            try:
                return await ask(connection)
            finally:
                self._readers.give_back(connection)

        try:
            return await self._persist(unit, STATEMENT_SECONDS)
        except TimeoutError:
            raise _late(STATEMENT_SECONDS, is_outcome_known=not is_change) from None

    async def _persist(self, unit: Callable[[], Awaitable[T]], seconds: float) -> T:
        """Run a unit, and retry it where that can help; raise TimeoutError when its time is over."""
        async with asyncio.timeout(seconds):
            try:
                return await unit()  # the usual case doesn't pay for the retry machinery
            except ConnectionLost:
                for pool in self._pools:
                    pool.forget_idle()
                return await unit()
            except WriteConflict:
                await asyncio.sleep(random.uniform(0, _FIRST_PAUSE_SECONDS))
                return await _retries()(unit)

    @property
    def _pools(self) -> tuple[MysqlPool, ...]:
        return self._readers, self._writers, self._inserters

    async def _open_connection(self, *, autocommit: bool, is_optimistic: bool = False) -> MysqlConnection:
        raw = await open_session(self._dsn, self._tls, autocommit=autocommit, is_optimistic=is_optimistic)
        return MysqlConnection(raw, self._round_trips)

    async def _create(self) -> None:
        """Create the database, over a connection without a selected database."""
        nowhere = dataclasses.replace(self._dsn, database="")
        raw = await open_session(nowhere, self._tls, autocommit=True)
        connection = MysqlConnection(raw, self._round_trips)
        statement = (
            f"CREATE DATABASE IF NOT EXISTS `{self._dsn.database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )
        try:
            await connection.execute_script([statement])
        finally:
            await connection.say_goodbye()


def _retries() -> AsyncRetrying:
    """Return the retry policy for a unit that has already conflicted once."""
    return AsyncRetrying(
        stop=stop_after_attempt(_ATTEMPTS - 1),
        wait=wait_random_exponential(multiplier=2 * _FIRST_PAUSE_SECONDS, max=_LONGEST_PAUSE_SECONDS),
        retry=retry_if_exception_type(WriteConflict),
        reraise=True,
    )


def _late(seconds: float, *, is_outcome_known: bool) -> DatabaseUnavailable:
    doubt = "" if is_outcome_known else " It is unknown whether the change was committed."
    return DatabaseUnavailable(f"The database did not finish within {seconds:g} seconds.{doubt}")


def _engine(server_version: str) -> str:
    """Return the engine that is named in a server's version."""
    name = server_version.lower()
    return next((engine for engine in ("tidb", "mariadb") if engine in name), "mysql")
