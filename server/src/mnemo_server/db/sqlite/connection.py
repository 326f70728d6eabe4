"""One SQLite connection on the thread that owns it: opening, statements, translation of errors."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

from mnemo_server.db.database import Params, Row
from mnemo_server.db.errors import (
    AlreadyExists,
    BadDsn,
    DatabaseError,
    DatabaseUnavailable,
    UniqueViolation,
    WriteConflict,
)
from mnemo_server.db.queries import Query

#: How long SQLite itself waits while another process writes.
BUSY_SECONDS: Final = 2.5

_KEPT_STATEMENTS: Final = 512  # prepared statements per connection
#: WAL: readers can continue during a write. FULL: acknowledged writes survive a power failure.
_PRAGMAS: Final = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = OFF")

#: Errors that sqlite3 raises for a statement; the last two for values that SQLite cannot store.
_DRIVER_ERRORS: Final = (sqlite3.Error, OverflowError, UnicodeError)
_UNIQUE: Final = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_UNAVAILABLE: Final = (
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
)


def prepare_file(path: Path) -> None:
    """Create the folder (0700) and the file (0600) if they are absent.

    Raises:
        BadDsn: the path is a folder.
        DatabaseUnavailable: folder or file cannot be created or opened.
    """
    if path.is_dir():
        raise BadDsn(f"The SQLite database {path} is a folder; name a file in it.")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseUnavailable(f"The SQLite database {path} cannot be opened: {error.strerror}.") from None


class SqliteConnection:
    """Statements on one connection. Its coroutines never suspend, so that a thread can run them."""

    def __init__(self, path: Path) -> None:
        """Open an existing file.

        Raises:
            DatabaseUnavailable: the file is not a SQLite database, or cannot be read and written.
            WriteConflict: another process has locked it.
        """
        self.round_trips = 0
        self._connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=_KEPT_STATEMENTS
        )
        try:
            for pragma in _PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}").close()
        except sqlite3.Error as error:
            self._connection.close()
            raise _translate(error, f"opening {path}") from None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    async def fetch_one(self, query: Query, params: Params) -> Row | None:
        """See `Connection`."""
        cursor = self._run(query, params)
        row = cursor.fetchone()
        names = cursor.description
        cursor.close()  # an unfinished SELECT would keep its snapshot open
        return None if row is None else {name[0]: value for name, value in zip(names, row, strict=True)}

    async def fetch_all(self, query: Query, params: Params) -> list[Row]:
        """See `Connection`."""
        cursor = self._run(query, params)
        names = [name[0] for name in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    async def execute(self, query: Query, params: Params) -> int:
        """See `Connection`."""
        return max(self._run(query, params).rowcount, 0)

    async def execute_many(self, query: Query, rows: Sequence[Params]) -> None:
        """See `Connection`."""
        self.round_trips += 1
        try:
            self._connection.executemany(query.text, cast("Sequence[dict[str, Any]]", rows)).close()
        except _DRIVER_ERRORS as error:
            raise _translate(error, query.name) from None

    async def execute_script(self, statements: Sequence[str]) -> None:
        """See `Connection`."""
        for statement in statements:
            try:
                self.send(statement)
            except AlreadyExists:
                continue

    def send(self, statement: str) -> None:
        """Run a statement without parameters that returns no rows."""
        self.round_trips += 1
        try:
            self._connection.execute(statement).close()
        except sqlite3.Error as error:
            raise _translate(error, " ".join(statement.split()[:3])) from None

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def _run(self, query: Query, params: Params) -> sqlite3.Cursor:
        self.round_trips += 1
        try:
            text, values = query.render(params)
            return self._connection.execute(text, cast("dict[str, Any]", values))
        except _DRIVER_ERRORS as error:
            raise _translate(error, query.name) from None


def _translate(error: Exception, statement: str) -> DatabaseError:
    """Return our error for an error of the driver; SQLite's own texts contain names, never values."""
    extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    code = extended & 0xFF  # the upper bits only contain details
    if extended in _UNIQUE:
        return UniqueViolation(f"{statement}: {error}.")
    if code in _BUSY:
        return WriteConflict(f"{statement}: another process kept the SQLite database locked.")
    if code in _UNAVAILABLE:
        return DatabaseUnavailable(f"{statement}: SQLite says: {error}.")
    if str(error).endswith("already exists"):
        return AlreadyExists(f"{statement}: {error}.")
    if isinstance(error, UnicodeError):
        return DatabaseError(f"{statement}: a text is not valid Unicode.")
    return DatabaseError(f"{statement}: {error}.")
