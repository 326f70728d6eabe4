"""The database port that stores use: one interface for every engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from mnemo_server.db.queries import Query
from mnemo_server.db.query_files import Variant

#: Values by parameter name. None is NULL; lists belong to list parameters only.
Params: TypeAlias = Mapping[str, object]
#: One row by column name: int, float, str, bytes or None.
Row: TypeAlias = Mapping[str, Any]

T = TypeVar("T")

#: A whole transaction, retries included, ends within this time.
TRANSACTION_SECONDS: Final = 8.0


class Connection(Protocol):
    """A receiver of statements: a database, or one of its transactions."""

    async def fetch_one(self, query: Query, params: Params) -> Row | None:
        """Return the first row of the result, or None when there is none."""
        ...

    async def fetch_all(self, query: Query, params: Params) -> list[Row]:
        """Return every row of the result."""
        ...

    async def execute(self, query: Query, params: Params) -> int:
        """Change rows and return how many matched, whether or not their values changed."""
        ...

    async def execute_many(self, query: Query, rows: Sequence[Params]) -> None:
        """Run one statement for each of the rows, all or none; an INSERT takes one round trip."""
        ...

    async def execute_script(self, statements: Sequence[str]) -> None:
        """Run statements of a migration unchanged; skip tables, columns and indexes that exist already."""
        ...


class Database(Connection, Protocol):
    """A database: outside `transact`, every statement is its own transaction."""

    @property
    def engine(self) -> str:
        """The engine behind the connection: "sqlite", "tidb", "mysql" or "mariadb"."""
        ...

    @property
    def variant(self) -> Variant:
        """The variant of a query's text that it uses."""
        ...

    @property
    def round_trips(self) -> int:
        """Statements sent so far, COMMIT and ROLLBACK included."""
        ...

    async def transact(
        self,
        work: Callable[[Connection], Awaitable[T]],
        *,
        deadline_seconds: float = TRANSACTION_SECONDS,
        only_inserts: bool = False,
    ) -> T:
        """Run `work` in one write transaction and return what it returns; an exception rolls back.

        The whole unit runs again after a deadlock, write conflict or lock timeout, and once after a lost
        connection. So `work` must await only its connection, and change only the database. Every read in it
        sees what was committed before that read began.

        `only_inserts` promises that `work` reads and changes no existing rows, so that an engine may check
        for duplicates once, at the commit: that saves TiDB a lock per statement.

        Raises:
            WriteConflict: other writers conflicted with every attempt.
            DatabaseUnavailable: not reachable or not finished in time; if it is unknown whether the
                transaction was committed, the sentence says so.
        """
        ...

    async def ping(self) -> None:
        """Return when the database responds; raise `DatabaseUnavailable` otherwise."""
        ...

    async def close(self) -> None:
        """Close every connection; the object can't be used afterwards."""
        ...
