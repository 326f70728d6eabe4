"""A job store on its own SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from mnemo_server.db.database import Database
from mnemo_server.db.migrate import migrate
from mnemo_server.db.queries import load_queries
from mnemo_server.db.sqlite.database import SqliteDatabase
from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.stores.jobs.store import JobStore
from mnemo_server.stores.jobs.write import JobWriter

from .bench import Bench, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await SqliteDatabase.open(tmp_path / "jobs.db")
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def writer(database: Database) -> JobWriter:
    queries = await asyncio.to_thread(load_queries, "jobs", database.variant)
    return JobWriter(queries, IdSource(system_clock))


@pytest.fixture
async def store(database: Database, writer: JobWriter) -> JobStore:
    return JobStore(database, await asyncio.to_thread(load_queries, "jobs", database.variant), writer)


@pytest.fixture
async def bench(store: JobStore, clock: Clock) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        yield Bench(store, clock, stack)
