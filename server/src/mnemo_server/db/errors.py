"""Errors of databases, the same for every engine.

    DatabaseError
    ├── BadDsn                the address of the database cannot be understood
    ├── UniqueViolation       a row with this key exists already
    ├── AlreadyExists         a table, column or index of this name exists already
    ├── WriteConflict         other writers conflicted, and all retries are used up
    ├── DatabaseUnavailable   the database cannot be reached or does not respond
    │   ├── UnknownDatabase   the server responds but has no database of this name
    │   └── ConnectionLost    one connection broke; retried within this layer
    └── SchemaMismatch        the tables are not the ones that this program knows

Messages contain names of queries, tables and indexes, never values or passwords. For the same reason driver
exceptions are not chained (`from None`): their texts quote values, and tracebacks end up in logs.
"""

from __future__ import annotations

from typing import ClassVar


class DatabaseError(Exception):
    """The database rejected a statement; `code` is stable and unique per class."""

    code: ClassVar[str] = "database_error"


class BadDsn(DatabaseError):
    """The address of the database cannot be understood."""

    code = "bad_dsn"


class UniqueViolation(DatabaseError):
    """A row with this key exists already."""

    code = "unique_violation"


class AlreadyExists(DatabaseError):
    """A table, column or index of this name exists already, or was already dropped."""

    code = "already_exists"


class WriteConflict(DatabaseError):
    """A deadlock, lock timeout or write conflict in every attempt."""

    code = "write_conflict"


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached, rejects the login, or did not respond in time."""

    code = "database_unavailable"


class UnknownDatabase(DatabaseUnavailable):
    """The server has no database of this name."""

    code = "unknown_database"


class ConnectionLost(DatabaseUnavailable):
    """One connection broke; `is_sent` is false when the statement was certainly not sent.

    Retried inside the database layer; callers see it as `DatabaseUnavailable` when the retry fails as well.
    """

    def __init__(self, sentence: str, *, is_sent: bool = True) -> None:
        super().__init__(sentence)
        self.is_sent = is_sent


class SchemaMismatch(DatabaseError):
    """The tables aren't the ones that this program knows: newer, changed, or of another program."""

    code = "schema_mismatch"
