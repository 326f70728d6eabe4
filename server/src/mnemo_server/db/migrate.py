"""Brings the tables of a database up to date.

An empty database gets `schema.sql`; any other gets the files of `migrations/` that it lacks. Both lead to the
same tables (a test compares them). The first statement of `schema.sql` creates `schema_migrations`: that
table marks a database as ours, also when its creation was interrupted.

DDL statements of the MySQL family commit by themselves, so a file may be left half applied. Running it again
must be harmless: existing tables, columns and indexes are skipped, and statements that change rows come last
in a file.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.errors import DatabaseError, DatabaseUnavailable, SchemaMismatch
from mnemo_server.db.queries import QuerySet, parse_queries
from mnemo_server.db.statements import split_statements

#: Limits of waiting for another server that migrates, and of the whole migration.
_LOCK_SECONDS: Final = 300
_MIGRATION_SECONDS: Final = 900.0

_SCHEMA: Final = "schema.sql"
_TABLE: Final = "schema_migrations"
_FILE_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

#: A write transaction of SQLite is already a lock, and commits everything at once.
_QUERIES: Final = """
-- name: lock [mysql]
SELECT GET_LOCK(CONCAT('mnemos.migrate.', MD5(DATABASE())), :seconds) AS is_locked;
-- name: lock [sqlite]
SELECT 1 AS is_locked;

-- name: unlock [mysql]
SELECT RELEASE_LOCK(CONCAT('mnemos.migrate.', MD5(DATABASE()))) AS is_unlocked;
-- name: unlock [sqlite]
SELECT 1 AS is_unlocked;

-- name: settle [mysql]
-- The next server must see what this one did before the lock is free.
COMMIT;
-- name: settle [sqlite]
SELECT 1;

-- name: list_tables [mysql]
SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME;
-- name: list_tables [sqlite]
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name;

-- name: list_applied
SELECT version, name, checksum FROM schema_migrations ORDER BY version;

-- name: put_applied
INSERT INTO schema_migrations (version, name, checksum, applied_at)
VALUES (:version, :name, :checksum, :applied_at);
"""


@dataclass(frozen=True, slots=True)
class Script:
    """One SQL file. `version` is its number, 0 for `schema.sql`."""

    version: int
    name: str
    statements: tuple[str, ...]

    @property
    def checksum(self) -> str:
        """Hex SHA-256 of the statements, which ignores comments and spacing."""
        text = ";\n".join(" ".join(statement.split()) for statement in self.statements)
        return hashlib.sha256(text.encode()).hexdigest()


async def migrate(
    database: Database, folder: Traversable | None = None, *, may_change: bool = True
) -> list[str]:
    """Bring the tables up to date and return the names of the files that were run.

    `folder` contains `schema.sql` and `migrations/`. Servers that start at the same time wait for each other.

    Raises:
        SchemaMismatch: the database is newer than this program, an applied file was changed since, the
            database belongs to another program, or it lacks a file and `may_change` is false.
        DatabaseUnavailable: another server has been migrating for too long.
    """
    source = files("mnemo_server").joinpath("sql") if folder is None else folder
    schema, migrations = await asyncio.to_thread(read_scripts, source)
    queries = parse_queries(_QUERIES, database.variant, origin=__name__)

    async def work(connection: Connection) -> list[str]:
        lock = await connection.fetch_one(queries.lock, {"seconds": _LOCK_SECONDS})
        if not lock or not lock["is_locked"]:
            raise DatabaseUnavailable(f"Another server has been migrating for over {_LOCK_SECONDS} seconds.")
        try:
            names = await _bring_up_to_date(connection, queries, schema, migrations, may_change=may_change)
            await connection.execute(queries.settle, {})
        finally:
            with suppress(DatabaseError):  # a lost connection has lost its locks
                await connection.fetch_one(queries.unlock, {})
        return names

    return await database.transact(work, deadline_seconds=_MIGRATION_SECONDS)


def read_scripts(folder: Traversable) -> tuple[Script, list[Script]]:
    """Return `schema.sql`, and the migrations in the order of their numbers.

    Raises:
        ValueError: a file has a wrong name, or two files have the same number.
    """
    migrations: dict[int, Script] = {}
    for path in folder.joinpath("migrations").iterdir():
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise ValueError(f"Migrations are named like 0002_add_column.sql, not {path.name}.")
        version = int(match[1])
        if version in migrations:
            raise ValueError(f"There are two migrations with the number {match[1]}.")
        migrations[version] = _read_script(version, path)
    return _read_script(0, folder.joinpath(_SCHEMA)), [migrations[version] for version in sorted(migrations)]


def _read_script(version: int, path: Traversable) -> Script:
    return Script(version, path.name, tuple(split_statements(path.read_text(encoding="utf-8"))))


async def _bring_up_to_date(
    connection: Connection,
    queries: QuerySet,
    schema: Script,
    migrations: Sequence[Script],
    *,
    may_change: bool,
) -> list[str]:
    """Run the missing files, record them, and return their names."""
    tables = [str(row["name"]) for row in await connection.fetch_all(queries.list_tables, {})]
    if tables and _TABLE not in tables:
        raise SchemaMismatch(
            f"The database contains tables of another program ({', '.join(tables[:3])}); "
            "mnemos needs a database of its own."
        )
    applied = {}
    if tables:
        rows = await connection.fetch_all(queries.list_applied, {})
        applied = {int(row["version"]): (str(row["name"]), str(row["checksum"])) for row in rows}
    _check_applied(applied, migrations)
    missing = [script for script in migrations if script.version not in applied]
    if missing and not may_change:
        raise SchemaMismatch(
            f"The database lacks the migrations {', '.join(script.name for script in missing)}. "
            "Run `mnemo-server migrate`, or set MNEMO_AUTO_MIGRATE=true."
        )
    if not applied:
        await connection.execute_script(schema.statements)
        for script in migrations:
            await _record(connection, queries, script)
        return [schema.name]
    for script in missing:
        await connection.execute_script(script.statements)
        await _record(connection, queries, script)
    return [script.name for script in missing]


def _check_applied(applied: Mapping[int, tuple[str, str]], migrations: Sequence[Script]) -> None:
    """Compare the migrations that the database has with the files of this program."""
    known = {script.version: script for script in migrations}
    for version, (name, checksum) in sorted(applied.items()):
        script = known.get(version)
        if script is None:
            raise SchemaMismatch(
                f"The database has migration {name}, which this program does not know: "
                "it is newer than the program. Install the newer version."
            )
        if checksum != script.checksum:
            raise SchemaMismatch(
                f"Migration {name} was changed after it was applied to this database. "
                "Restore the file, and put the change into a new migration."
            )


async def _record(connection: Connection, queries: QuerySet, script: Script) -> None:
    values = {
        "version": script.version,
        "name": script.name,
        "checksum": script.checksum,
        "applied_at": time.time_ns() // 1000,
    }
    await connection.execute(queries.put_applied, values)
