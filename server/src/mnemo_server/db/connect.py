"""Opens the database of an address."""

from __future__ import annotations

from mnemo_server.db.database import Database
from mnemo_server.db.dsn import Dsn
from mnemo_server.db.mysql.database import MysqlDatabase
from mnemo_server.db.sqlite.database import SqliteDatabase


async def connect(dsn: Dsn, *, pool_size: int = 8) -> Database:
    """Open the database of an address, and create it if it is absent.

    `pool_size` bounds each of the three pools of a `MysqlDatabase`, and the readers of SQLite, which has one
    writer.

    Raises:
        BadDsn: the path of a SQLite database is a folder.
        DatabaseUnavailable: the database cannot be reached, opened or created.
    """
    if dsn.path is not None:
        return await SqliteDatabase.open(dsn.path, pool_size=pool_size)
    return await MysqlDatabase.open(dsn, pool_size=pool_size)
