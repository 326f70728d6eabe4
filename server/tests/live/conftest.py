"""Every test here runs once on SQLite and once on the live database, unless it is about one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.database import Database
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.migrate import migrate
from mnemo_server.db.queries import load_queries
from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.stores.jobs.write import JobWriter
from mnemo_server.stores.opening import Stores, open_stores


@pytest.fixture(params=["sqlite", "live"])
def database_dsn(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the DSN of a new, empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'memories.db'}"
    dsn: str = request.getfixturevalue("live_dsn")
    return dsn


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    """A database with all tables."""
    opened = await connect(parse_dsn(database_dsn))
    try:
        await migrate(opened)
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def ids() -> IdSource:
    return IdSource(system_clock)


@pytest.fixture
def stores(database: Database, ids: IdSource) -> Stores:
    return open_stores(database, ids, system_clock)


@pytest.fixture
def job_writer(database: Database, ids: IdSource) -> JobWriter:
    return JobWriter(load_queries("jobs", database.variant), ids)
