"""Direct access to a server's database: reads rows that the API doesn't show, and sets up rare states."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from mnemo_server.db.connect import connect
from mnemo_server.db.database import Database
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.queries import parse_queries

T = TypeVar("T")
_SECONDS = 30

#: Counts that must be 0: rows of one table without the rows that are written together with them.
_BROKEN_PAIRS = {
    "memories without a search entry": """
        SELECT COUNT(*) AS n FROM memories m LEFT JOIN search_entries e
        ON e.tenant_id = m.tenant_id AND e.memory_id = m.id
          AND e.revision - e.revision % 1024 = 1024 * m.version
        WHERE e.memory_id IS NULL;""",
    "search entries without a memory": """
        SELECT COUNT(*) AS n FROM search_entries e LEFT JOIN memories m
        ON e.tenant_id = m.tenant_id AND e.memory_id = m.id WHERE m.id IS NULL;""",
    "vectors without a search entry that has one": """
        SELECT COUNT(*) AS n FROM search_vectors v LEFT JOIN search_entries e
        ON e.tenant_id = v.tenant_id AND e.memory_id = v.memory_id AND e.model_id = v.model_id
          AND e.vector_code IS NOT NULL AND e.is_active = 1
        WHERE e.memory_id IS NULL;""",
    "search entries with half a vector": """
        SELECT COUNT(*) AS n FROM search_entries e LEFT JOIN search_vectors v
        ON v.tenant_id = e.tenant_id AND v.memory_id = e.memory_id AND v.model_id = e.model_id
        WHERE e.vector_code IS NOT NULL AND v.memory_id IS NULL;""",
    "memories without the event of their version": """
        SELECT COUNT(*) AS n FROM memories m LEFT JOIN events v
        ON v.tenant_id = m.tenant_id AND v.memory_id = m.id AND v.version = m.version
        WHERE v.id IS NULL;""",
    "events without a memory": """
        SELECT COUNT(*) AS n FROM events v LEFT JOIN memories m
        ON v.tenant_id = m.tenant_id AND v.memory_id = m.id WHERE m.id IS NULL;""",
    "tags without a memory": """
        SELECT COUNT(*) AS n FROM memory_tags t LEFT JOIN memories m
        ON t.tenant_id = m.tenant_id AND t.memory_id = m.id WHERE m.id IS NULL;""",
    "sessions with a wrong count": """
        SELECT COUNT(*) AS n FROM sessions s WHERE message_count <> (
          SELECT COUNT(*) FROM memories m
          WHERE m.tenant_id = s.tenant_id AND m.session_id = s.session_id AND m.is_message = 1);""",
}
#: Every table that contains what a client sent, or something derived from it.
_TABLES = (
    *("memories", "memory_tags", "search_entries", "search_vectors", "events", "sessions", "idempotency"),
    *("jobs", "job_items", "usage_ledger"),
)


def fetch_rows(dsn: str, sql: str, params: Mapping[str, object] | None = None) -> list[Mapping[str, Any]]:
    """Return the rows of one SELECT with `:names`."""

    return _with_database(dsn, lambda database: _fetch(database, sql, params or {}))


def change_rows(dsn: str, sql: str, params: Mapping[str, object] | None = None) -> int:
    """Run one statement that changes rows; return how many it changed."""

    async def change(database: Database) -> int:
        query = parse_queries(f"-- name: change\n{sql}", database.variant, origin=__name__).change
        return await database.execute(query, params or {})

    return _with_database(dsn, change)


def find_broken_pairs(dsn: str) -> dict[str, int]:
    """Return what is inconsistent between the tables; empty for a sound database."""

    async def count(database: Database) -> dict[str, int]:
        return {name: (await _fetch(database, sql, {}))[0]["n"] for name, sql in _BROKEN_PAIRS.items()}

    return {name: number for name, number in _with_database(dsn, count).items() if number}


def read_everything(dsn: str) -> str:
    """Return every text of every table, joined; bytes as far as they are text."""

    async def read(database: Database) -> str:
        texts = []
        for table in _TABLES:
            for row in await _fetch(database, f"SELECT * FROM {table};", {}):  # noqa: S608 - names of ours
                texts += [value for value in row.values() if isinstance(value, str)]
                texts += [value.decode("latin-1") for value in row.values() if isinstance(value, bytes)]
        return "\n".join(texts)

    return _with_database(dsn, read)


async def _fetch(database: Database, sql: str, params: Mapping[str, object]) -> list[Mapping[str, Any]]:
    query = parse_queries(f"-- name: statement\n{sql}", database.variant, origin=__name__).statement
    return list(await database.fetch_all(query, params))


def _with_database(dsn: str, action: Callable[[Database], Awaitable[T]]) -> T:
    """Run an action on its own connection and event loop."""

    async def run() -> T:
        database = await connect(parse_dsn(dsn), pool_size=1)
        try:
            return await asyncio.wait_for(action(database), _SECONDS)
        finally:
            await database.close()

    return asyncio.run(run())
