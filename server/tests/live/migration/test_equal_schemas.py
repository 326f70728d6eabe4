"""`schema.sql` and the migrations create the same tables, on every engine."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from importlib.resources import as_file, files

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.dsn import Dsn, parse_dsn
from mnemo_server.db.migrate import migrate, read_scripts
from mnemo_server.db.queries import parse_queries

QUERIES = """
-- name: list_columns [mysql]
SELECT TABLE_NAME AS table_name, COLUMN_NAME AS column_name, ORDINAL_POSITION AS place,
  COLUMN_TYPE AS column_type, IS_NULLABLE AS is_nullable, COLUMN_DEFAULT AS default_value,
  COLLATION_NAME AS collation_name, EXTRA AS extra
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION;
-- name: list_columns [sqlite]
SELECT m.name AS table_name, c.name AS column_name, c.cid AS place, c.type AS column_type,
  c."notnull" AS is_not_null, c.dflt_value AS default_value, c.pk AS key_place
FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c
WHERE m.type = 'table' ORDER BY m.name, c.cid;

-- name: list_indexes [mysql]
SELECT TABLE_NAME AS table_name, INDEX_NAME AS index_name, SEQ_IN_INDEX AS place,
  COLUMN_NAME AS column_name, NON_UNIQUE AS non_unique, INDEX_TYPE AS index_type, SUB_PART AS prefix_length
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()
ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX;
-- name: list_indexes [sqlite]
SELECT m.name AS table_name, i.name AS index_name, c.seqno AS place, c.name AS column_name,
  i."unique" AS is_unique, i.origin, i.partial
FROM sqlite_master AS m JOIN pragma_index_list(m.name) AS i JOIN pragma_index_info(i.name) AS c
WHERE m.type = 'table' ORDER BY m.name, i.name, c.seqno;
"""

OLD_MEMORY = """
INSERT INTO memories (tenant_id, id, content, memory_type, is_message, state, version, content_hash,
  created_at, updated_at)
VALUES (1, 5, 'text', 'insight', 0, 'active', 3, 'hash', 77, 99)
"""
OLD_ENTRY = """
INSERT INTO search_entries (tenant_id, memory_id, version, is_active, token_count, terms, traits, changed_at)
VALUES (1, 5, 3, 1, 0, '', 0, 99)
"""
READ_ENTRY = "SELECT revision, created_at, model_id, vector_code FROM search_entries;"

#: The full vectors, for searches by TiDB itself; other engines store only their signs.
TIDB_ONLY = ("search_vectors", "embedding")


@pytest.fixture
def sql_folder():
    with as_file(files("mnemo_server").joinpath("sql")) as folder:
        yield folder


@pytest.fixture(params=["sqlite", "live"])
def two_dsns(request, tmp_path):
    """DSNs of two empty databases on one engine."""
    if request.param == "sqlite":
        return Dsn("sqlite", path=tmp_path / "a.db"), Dsn("sqlite", path=tmp_path / "b.db")
    live = parse_dsn(request.getfixturevalue("live_dsn"))
    return live, replace(live, database=live.database + "_b")


async def describe(dsn, folder):
    """Migrate a database with the files of a folder; return columns and indexes of all its tables."""
    database = await connect(dsn)
    try:
        await migrate(database, folder)
        queries = parse_queries(QUERIES, database.variant, origin="test_equal_schemas.py")
        return (
            await database.fetch_all(queries.list_columns, {}),
            await database.fetch_all(queries.list_indexes, {}),
        )
    finally:
        if dsn.database.endswith("_b"):
            await database.execute_script([f"DROP DATABASE {dsn.database}"])
        await database.close()


@pytest.fixture
def migrations_only(sql_folder, tmp_path):
    """A folder with the same migrations, whose `schema.sql` is all of them in sequence."""
    folder = tmp_path / "migrations_only"
    shutil.copytree(sql_folder, folder)
    texts = [path.read_text() for path in sorted((folder / "migrations").iterdir())]
    (folder / "schema.sql").write_text("\n".join(texts))
    return folder


async def test_the_schema_equals_all_migrations(two_dsns, sql_folder, migrations_only):
    whole, stepwise = two_dsns
    columns, indexes = await describe(whole, sql_folder)
    columns_by_steps, indexes_by_steps = await describe(stepwise, migrations_only)
    assert columns_by_steps == columns
    assert indexes_by_steps == indexes
    assert {"schema_migrations", "memories"} <= {column["table_name"] for column in columns}


async def test_every_engine_has_the_same_columns(live_dsn, tmp_path, sql_folder):
    """They have the same tables, names, order and nullability; types differ only in their spelling."""
    live, _ = await describe(parse_dsn(live_dsn), sql_folder)
    live = [column for column in live if (column["table_name"], column["column_name"]) != TIDB_ONLY]
    embedded, _ = await describe(Dsn("sqlite", path=tmp_path / "c.db"), sql_folder)

    def shape(columns):
        return [
            (column["table_name"], column["column_name"], re.sub(r"\W.*", "", column["column_type"].lower()))
            for column in columns
        ]

    assert shape(live) == shape(embedded)
    nullable = [column["is_nullable"] == "YES" for column in live]
    assert nullable == [not column["is_not_null"] for column in embedded]


def test_the_first_statement_of_the_schema_marks_the_database_as_ours(sql_folder):
    """`migrate` relies on it after an interrupted creation."""
    schema, migrations = read_scripts(sql_folder)
    assert re.match(r"CREATE TABLE schema_migrations\b", schema.statements[0])
    assert migrations[0].name == "0001_initial.sql"


async def test_entries_older_than_revisions_get_one(two_dsns, sql_folder, tmp_path):
    """What was stored with the first schema is found, changed and embedded like everything else."""
    folder = tmp_path / "first_only"
    (folder / "migrations").mkdir(parents=True)
    for name in ("schema.sql", "migrations/0001_initial.sql"):
        shutil.copy(sql_folder / "migrations" / "0001_initial.sql", folder / name)
    database = await connect(two_dsns[0])
    try:
        await migrate(database, folder)
        await database.execute_script([OLD_MEMORY, OLD_ENTRY])
        await migrate(database, sql_folder)
        query = parse_queries(f"-- name: read\n{READ_ENTRY}", database.variant, origin="here").read
        row = await database.fetch_one(query, {})
    finally:
        await database.close()

    assert row == {"revision": 3 * 1024, "created_at": 77, "model_id": 0, "vector_code": None}
