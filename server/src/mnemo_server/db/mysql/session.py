"""Login to a server of the MySQL family, and the session settings that everything else relies on."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any, Final

import asyncmy
from asyncmy.constants import CLIENT
from asyncmy.errors import MySQLError

from mnemo_server.db.dsn import Dsn
from mnemo_server.db.errors import DatabaseUnavailable
from mnemo_server.db.mysql.errors import translate

#: TCP, TLS, login and settings together.
CONNECT_SECONDS: Final = 3.0

#: Values that do not fit are errors, and a backslash is an escape character, as the driver's quoting expects.
_SQL_MODE: Final = "STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION"
#: The server gives up on a lock before the transaction's deadline, so that the unit can run again.
_LOCK_WAIT_SECONDS: Final = 3
_SETTINGS: Final = (
    "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
    f"SET SESSION sql_mode = '{_SQL_MODE}', innodb_lock_wait_timeout = {_LOCK_WAIT_SECONDS}",
    # A read sees what was committed before it, also after waiting for a row lock; and gaps aren't locked.
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
)
#: For transactions that only insert: TiDB acquires all their locks at the commit. Other engines ignore it.
_OPTIMISTIC: Final = "SET SESSION sql_mode = @@SESSION.sql_mode /*T!, tidb_txn_mode = 'optimistic' */"
_KEPT_STATEMENTS: Final = 256  # prepared statements per connection


async def open_session(
    dsn: Dsn, tls: ssl.SSLContext | None, *, autocommit: bool, is_optimistic: bool = False
) -> Any:
    """Return a connection of the driver, which has no precise type.

    Raises:
        DatabaseUnavailable: the server doesn't respond in time, or rejects the login.
        UnknownDatabase: the server has no database of this name.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            settings = (*_SETTINGS, _OPTIMISTIC) if is_optimistic else _SETTINGS
            return await _log_in(dsn, tls, autocommit=autocommit, settings=settings)
    except TimeoutError:
        sentence = f"Connecting to {dsn}: no response within {CONNECT_SECONDS:g} seconds."
        raise DatabaseUnavailable(sentence) from None
    except (MySQLError, OSError) as error:
        raise translate(error, f"Connecting to {dsn}") from None


def tls_context(dsn: Dsn) -> ssl.SSLContext | None:
    """Return the TLS context that the address asks for, or None; reads certificates from disk."""
    if dsn.tls == "off":
        return None
    try:
        context = ssl.create_default_context(cafile=dsn.options.get("tls_ca"))
    except OSError as error:
        raise DatabaseUnavailable(f"The certificates in tls_ca cannot be read: {error.strerror}.") from None
    if dsn.tls == "skip-verify":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _log_in(dsn: Dsn, tls: ssl.SSLContext | None, *, autocommit: bool, settings: Sequence[str]) -> Any:
    raw: Any = await asyncmy.connect(
        host=dsn.host,
        port=dsn.port,
        user=dsn.user,
        password=dsn.password.encode(),
        database=dsn.database or None,
        ssl=tls,
        autocommit=autocommit,
        # UPDATE counts the rows that matched, as SQLite does, whether or not their values differ.
        client_flag=CLIENT.FOUND_ROWS,
        stmt_cache_size=_KEPT_STATEMENTS,
        program_name="mnemos",
    )
    # The driver would spend a round trip on the text of every warning, and log it with its values.
    raw.show_warnings = _no_warnings
    try:
        for setting in settings:
            await raw.query(setting)
    except BaseException:
        raw.close()
        raise
    return raw


async def _no_warnings() -> None:
    """Replace the driver's `Connection.show_warnings`."""
