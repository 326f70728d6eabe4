"""Migrations of an example schema on every engine."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.errors import DatabaseError, SchemaMismatch
from mnemo_server.db.migrate import migrate, read_scripts
from mnemo_server.db.queries import parse_queries

MIGRATIONS_TABLE = """
CREATE TABLE schema_migrations (
  version INT NOT NULL, name VARCHAR(200) NOT NULL, checksum CHAR(64) NOT NULL, applied_at BIGINT NOT NULL,
  PRIMARY KEY (version)
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */;
"""
FIRST = MIGRATIONS_TABLE + "CREATE TABLE a (id BIGINT NOT NULL, PRIMARY KEY (id)); -- the first; of all\n"
SECOND = "ALTER TABLE a ADD COLUMN label VARCHAR(20);\nCREATE INDEX a_by_label ON a (label);\n"
THIRD = "INSERT INTO a (id, label) VALUES (1, 'x;');\n"
QUERIES = """
-- name: list_migrations
SELECT version, name FROM schema_migrations ORDER BY version;
-- name: list_rows
SELECT id, label FROM a;
-- name: put_row
INSERT INTO a (id) VALUES (:id);
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with one migration; `schema.sql` is equivalent to it."""
    (tmp_path / "sql" / "migrations").mkdir(parents=True)
    (tmp_path / "sql" / "schema.sql").write_text(FIRST)
    (tmp_path / "sql" / "migrations" / "0001_initial.sql").write_text(FIRST)
    return tmp_path / "sql"


def add_migration(folder, name, text):
    (folder / "migrations" / name).write_text(text)


@pytest.fixture
async def empty(dsn):
    database = await connect(dsn)
    yield database
    await database.close()


@pytest.fixture
def queries(empty):
    return parse_queries(QUERIES, empty.variant, origin="test_migrate.py")


async def versions(database, queries):
    return [row["version"] for row in await database.fetch_all(queries.list_migrations, {})]


async def test_an_empty_database_gets_the_schema_and_needs_no_migration(empty, queries, folder):
    add_migration(folder, "0002_add_label.sql", "this would not run")
    assert await migrate(empty, folder) == ["schema.sql"]
    assert await versions(empty, queries) == [1, 2]
    assert await migrate(empty, folder) == []


async def test_missing_migrations_run_in_order(empty, queries, folder):
    await migrate(empty, folder)
    add_migration(folder, "0003_fill_a.sql", THIRD)
    add_migration(folder, "0002_add_label.sql", SECOND)
    assert await migrate(empty, folder) == ["0002_add_label.sql", "0003_fill_a.sql"]
    assert await versions(empty, queries) == [1, 2, 3]
    assert await empty.fetch_all(queries.list_rows, {}) == [{"id": 1, "label": "x;"}]


async def test_a_missing_migration_is_an_error_if_the_schema_may_not_change(empty, folder):
    with pytest.raises(SchemaMismatch, match="mnemo-server migrate"):
        await migrate(empty, folder, may_change=False)
    await migrate(empty, folder)

    assert await migrate(empty, folder, may_change=False) == []


async def test_a_migration_that_failed_halfway_can_run_again(empty, queries, folder):
    await migrate(empty, folder)
    add_migration(folder, "0002_add_label.sql", SECOND + "CREATE TABLE nonsense (;\n" + THIRD)
    with pytest.raises(DatabaseError):
        await migrate(empty, folder)
    assert await versions(empty, queries) == [1]
    add_migration(folder, "0002_add_label.sql", SECOND + THIRD)
    assert await migrate(empty, folder) == ["0002_add_label.sql"]
    assert len(await empty.fetch_all(queries.list_rows, {})) == 1


async def test_a_schema_creation_that_failed_halfway_can_run_again(empty, queries, folder):
    (folder / "schema.sql").write_text(FIRST + "CREATE TABLE nonsense (;\n")
    with pytest.raises(DatabaseError):
        await migrate(empty, folder)
    (folder / "schema.sql").write_text(FIRST)
    assert await migrate(empty, folder) == ["schema.sql"]
    assert await versions(empty, queries) == [1]


async def test_a_database_of_another_program_is_not_changed(empty, folder):
    await empty.execute_script(["CREATE TABLE memories (id BIGINT)"])
    with pytest.raises(SchemaMismatch, match=r"another program \(memories\)"):
        await migrate(empty, folder)


async def test_a_changed_migration_is_rejected(empty, folder):
    await migrate(empty, folder)
    add_migration(
        folder, "0001_initial.sql", FIRST.replace("BIGINT NOT NULL, PRIMARY", "INT NOT NULL, PRIMARY")
    )
    with pytest.raises(SchemaMismatch, match=r"0001_initial\.sql was changed"):
        await migrate(empty, folder)


async def test_comments_and_whitespace_of_a_migration_may_change(empty, folder):
    await migrate(empty, folder)
    add_migration(
        folder, "0001_initial.sql", "-- New words.\n\n" + FIRST.replace(", ", ",\n  ").replace("first", "1st")
    )
    assert await migrate(empty, folder) == []


async def test_a_database_newer_than_the_program_is_rejected(empty, folder):
    await migrate(empty, folder)
    add_migration(folder, "0002_add_label.sql", SECOND)
    await migrate(empty, folder)
    (folder / "migrations" / "0002_add_label.sql").unlink()
    with pytest.raises(SchemaMismatch, match=r"0002_add_label\.sql.*newer"):
        await migrate(empty, folder)


async def test_servers_that_start_at_the_same_time_migrate_once(dsn, empty, queries, folder):
    others = [await connect(dsn, pool_size=1) for _ in range(4)]
    try:
        outcomes = await asyncio.gather(*(migrate(database, folder) for database in others))
        add_migration(folder, "0002_add_label.sql", SECOND)
        add_migration(folder, "0003_fill_a.sql", THIRD)
        again = await asyncio.gather(*(migrate(database, folder) for database in others))
    finally:
        for database in others:
            await database.close()
    assert sorted(outcomes) == [[], [], [], ["schema.sql"]]
    assert sorted(map(len, again)) == [0, 0, 0, 2]
    assert await versions(empty, queries) == [1, 2, 3]
    assert len(await empty.fetch_all(queries.list_rows, {})) == 1


async def test_the_lock_is_released_after_success_and_after_failure(dsn, empty, folder):
    add_migration(folder, "0001_initial.sql", FIRST)
    (folder / "schema.sql").write_text("CREATE nonsense;")
    with pytest.raises(DatabaseError):
        await migrate(empty, folder)
    (folder / "schema.sql").write_text(FIRST)
    other = await connect(dsn)
    async with asyncio.timeout(20):
        await migrate(other, folder)
        await migrate(empty, folder)
    await other.close()


async def test_the_migration_is_committed_before_the_lock_is_released(live_dsn, proxy, folder):
    """The connection breaks in between, and the second attempt finds the migration done."""
    through_proxy = replace(parse_dsn(live_dsn), host="127.0.0.1", port=proxy.port)
    database = await connect(through_proxy)
    proxy.cut_before = b"RELEASE_LOCK"
    assert await migrate(database, folder) == []
    assert proxy.cuts == 1
    await database.close()


@pytest.mark.parametrize(
    ("name", "message"),
    [("2_add.sql", "named like"), ("0002-add.sql", "named like"), ("0001_b.sql", "two")],
)
def test_a_migration_with_an_invalid_name_is_rejected(folder, name, message):
    add_migration(folder, name, SECOND)
    with pytest.raises(ValueError, match=message):
        read_scripts(folder)
