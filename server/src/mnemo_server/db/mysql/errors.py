"""The meaning of errors of the MySQL family, by their numbers.

Numbers up to 1999 come from the server (MySQL and MariaDB error references), 2000-2999 from the client,
8000-9999 from TiDB (its error code reference).
"""

from __future__ import annotations

import re
from typing import Final

from asyncmy.errors import MySQLError

from mnemo_server.db.errors import (
    AlreadyExists,
    ConnectionLost,
    DatabaseError,
    DatabaseUnavailable,
    UniqueViolation,
    UnknownDatabase,
    WriteConflict,
)

_DUPLICATE_KEY: Final = 1062
#: The statement was not sent: connection closed before (0 is the driver's own), or lost at the first byte.
_NOT_SENT: Final = frozenset({0, 2006})
#: Broken while waiting: lost; and the errors of servers that shut down, or end a killed or idle connection.
_LOST: Final = frozenset({2013, 2055, 1053, 1080, 1152, 1184, 1927, 4031})
#: Deadlock, lock wait timeout, record changed (MariaDB); TiDB's write conflicts and requests to retry.
_CONFLICTS: Final = frozenset({1205, 1213, 1020, 8002, 8022, 8028, 9007})
#: TiDB's number for errors without their own, and the beginning of such an error when TiDB gave up locking a
#: row because others were always faster (`pessimistic-txn.max-retry-count`).
_UNNUMBERED: Final = 1105
_GAVE_UP_LOCKING: Final = "pessimistic lock retry limit reached"
#: Login rejected, too many connections, host blocked, read-only after a failover, unreachable;
#: then TiDB without its storage.
_UNAVAILABLE: Final = frozenset(
    {
        *(1040, 1044, 1045, 1129, 1130, 1203, 1226, 1290, 1698, 1836, 2002, 2003, 2026, 2059),
        *(9001, 9002, 9003, 9004, 9005, 9009, 9010, 9011, 9012, 9013),
    }
)
#: Table exists, duplicate column, duplicate key name, nothing to drop: the errors of a repeated migration.
_EXISTS: Final = frozenset({1050, 1060, 1061, 1091})
#: Errors whose texts contain only names of columns and tables.
_QUOTABLE: Final = frozenset({1044, 1045, 1048, 1049, 1054, 1146, 1264, 1364, 1406})
_KEY_NAME = re.compile(r"for key '([^']*)'\Z")


def translate(error: Exception, statement: str) -> DatabaseError:
    """Return our error for an error of the driver; `statement` is the name of the statement that failed."""
    if not isinstance(error, MySQLError):
        return _translate_other(error, statement)
    number, text = error.args if len(error.args) == 2 else (0, "")  # noqa: PLR2004 - number and text
    if number == _DUPLICATE_KEY:
        key = _KEY_NAME.search(text)
        return UniqueViolation(f"{statement}: the key {key[1] if key else ''} exists already.")
    if number in _NOT_SENT:
        return ConnectionLost(f"{statement}: the connection to the database was closed.", is_sent=False)
    if number in _LOST:
        return ConnectionLost(f"{statement}: the connection to the database broke (error {number}).")
    if number in _CONFLICTS or (number == _UNNUMBERED and text.startswith(_GAVE_UP_LOCKING)):
        return WriteConflict(f"{statement}: another transaction was in the way (error {number}).")
    kind = next((kind for kind, numbers in _KINDS if number in numbers), DatabaseError)
    reason = f": {text}" if number in _QUOTABLE else ""
    return kind(f"{statement}: the database returned error {number}{reason}.")


def _translate_other(error: Exception, statement: str) -> DatabaseError:
    """Return our error for one that the driver passes on: of the network, or for a value it cannot write."""
    if isinstance(error, OSError | EOFError):
        return ConnectionLost(f"{statement}: the connection to the database broke ({type(error).__name__}).")
    if isinstance(error, UnicodeError):
        return DatabaseError(f"{statement}: a text is not valid Unicode.")
    return DatabaseError(f"{statement}: the driver failed with {type(error).__name__}.")


_KINDS: Final[tuple[tuple[type[DatabaseError], frozenset[int]], ...]] = (
    (DatabaseUnavailable, _UNAVAILABLE),
    (UnknownDatabase, frozenset({1049})),
    (AlreadyExists, _EXISTS),
)
