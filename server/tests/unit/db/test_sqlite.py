"""What is specific to SQLite: files, threads, other processes."""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
import stat
import sys
import threading

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.dsn import Dsn
from mnemo_server.db.errors import BadDsn, DatabaseError, DatabaseUnavailable
from mnemo_server.db.queries import parse_queries
from mnemo_server.db.sqlite.database import SqliteDatabase

QUERIES = parse_queries(
    """
-- name: put
INSERT INTO counts (writer, n) VALUES (:writer, :n);
-- name: total
SELECT COUNT(*) AS total FROM counts;
""",
    "sqlite",
    origin=__name__,
)
TABLE = "CREATE TABLE counts (writer INT, n INT)"

WRITER = """
import asyncio, sys
from pathlib import Path
from mnemo_server.db.queries import parse_queries
from mnemo_server.db.sqlite.database import SqliteDatabase

SOURCE = "-- name: put\\nINSERT INTO counts (writer, n) VALUES (:writer, :n);"
PUT = parse_queries(SOURCE, "sqlite", origin="-").put

async def main(path, writer):
    database = await SqliteDatabase.open(Path(path))
    async def work(connection, n):
        await connection.execute(PUT, {"writer": writer, "n": n})
        await connection.execute(PUT, {"writer": writer, "n": -n})
    await asyncio.gather(*(database.transact(lambda c, n=n: work(c, n)) for n in range(60)))
    await database.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def dsn(path):
    return Dsn("sqlite", path=path)


async def test_a_new_file_and_its_folder_are_restricted_to_their_owner(tmp_path):
    path = tmp_path / "new" / "mnemos.db"
    database = await connect(dsn(path))
    assert (database.engine, database.variant) == ("sqlite", "sqlite")
    await database.execute_script([TABLE])
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    await database.close()


async def test_an_acknowledged_write_survives_a_power_failure(tmp_path):
    """Every connection uses WAL with synchronous FULL (2), so COMMIT waits for the disk."""
    database = await SqliteDatabase.open(tmp_path / "a.db")
    for threads in (database._writer, database._readers):
        mode = await threads.run(lambda c: c._connection.execute("PRAGMA journal_mode").fetchone())
        sync = await threads.run(lambda c: c._connection.execute("PRAGMA synchronous").fetchone())
        assert (mode, sync) == (("wal",), (2,))
    await database.close()


async def test_opening_a_folder_is_a_bad_dsn(tmp_path):
    with pytest.raises(BadDsn, match="is a folder"):
        await connect(dsn(tmp_path))


async def test_a_folder_that_cannot_be_created_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match=r"cannot be opened: (File exists|Not a directory)"):
        await connect(dsn(tmp_path / "file" / "a.db"))


async def test_a_file_that_is_no_database_is_reported_and_not_changed(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes. " * 100)
    with pytest.raises(DatabaseUnavailable, match=r"notes\.txt.*not a database"):
        await connect(dsn(path))
    assert path.read_text().startswith("These are my notes.")


async def test_databases_that_failed_to_open_or_were_closed_leave_no_thread(tmp_path):
    (tmp_path / "bad").write_text("x" * 5000)
    before = threading.active_count()
    with pytest.raises(DatabaseUnavailable):
        await connect(dsn(tmp_path / "bad"))
    database = await connect(dsn(tmp_path / "a.db"))
    await database.close()
    async with asyncio.timeout(5):
        # asyncio keeps one thread for its own executor
        while threading.active_count() > before + 1:  # noqa: ASYNC110 - threads set no event
            await asyncio.sleep(0.005)


async def test_a_transaction_runs_in_one_thread_and_keeps_context_variables(tmp_path):
    database = await connect(dsn(tmp_path / "a.db"))
    await database.execute_script([TABLE])
    request_id = contextvars.ContextVar("request_id", default="")
    request_id.set("r1")
    seen = set()

    async def work(connection):
        for n in range(3):
            await connection.execute(QUERIES.put, {"writer": 0, "n": n})
            seen.add((threading.current_thread().name, request_id.get()))

    await database.transact(work)
    assert seen == {("sqlite", "r1")}
    await database.close()


async def test_awaiting_anything_but_the_connection_in_a_transaction_is_an_error(tmp_path):
    database = await connect(dsn(tmp_path / "a.db"))
    await database.execute_script([TABLE])

    async def work(connection):
        await connection.execute(QUERIES.put, {"writer": 0, "n": 0})
        await asyncio.sleep(0)

    with pytest.raises(DatabaseError, match="nothing but its own connection"):
        await database.transact(work)
    row = await database.fetch_one(QUERIES.total, {})
    assert row == {"total": 0}
    await database.close()


async def test_eight_processes_can_write_to_one_file_concurrently(tmp_path):
    """The first process converts the file to WAL mode while the others open it."""
    path = tmp_path / "shared.db"
    database = await connect(dsn(path))
    await database.execute_script([TABLE])
    await database.close()
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, str(path), str(writer), stderr=asyncio.subprocess.PIPE
        )
        for writer in range(8)
    ]
    async with asyncio.timeout(50):
        outputs = await asyncio.gather(*(process.communicate() for process in processes))
    assert [output[1].decode() for output in outputs] == [""] * 8
    database = await connect(dsn(path))
    assert await database.fetch_one(QUERIES.total, {}) == {"total": 8 * 60 * 2}
    await database.close()


async def test_a_write_waits_for_the_lock_of_another_process(tmp_path):
    path = tmp_path / "a.db"
    database = await connect(dsn(path))
    await database.execute_script([TABLE])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    task = asyncio.create_task(database.execute(QUERIES.put, {"writer": 0, "n": 0}))
    row = await database.fetch_one(QUERIES.total, {})  # readers aren't blocked
    assert row == {"total": 0}
    assert not task.done()
    other.execute("COMMIT")
    other.close()
    async with asyncio.timeout(5):
        assert await task == 1
    await database.close()


async def test_a_transaction_that_starts_after_its_deadline_changes_nothing(tmp_path):
    """Other servers look back ten seconds for changes; they would miss a commit that waited longer."""
    database = await connect(dsn(tmp_path / "a.db"))
    await database.execute_script([TABLE])

    async def work(connection):
        await connection.execute(QUERIES.put, {"writer": 0, "n": 0})

    with pytest.raises(DatabaseUnavailable, match="nothing was changed"):
        await database.transact(work, deadline_seconds=-1.0)

    assert await database.fetch_one(QUERIES.total, {}) == {"total": 0}
    await database.transact(work)
    await database.close()
