"""The baseline: get and store with the same framework, driver and SQL, and no product around them.

No keys, no checks, no models, no search analysis, no retries, no logs. What mnemos costs beyond this is the
price of the product; what this costs is the price of HTTP, Python and the database. Run as a program, it
serves the database in `MNEMO_DSN`, whose tables must exist, on a free port.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import asyncmy
from aiohttp import web
from mnemo_server.db.dsn import Dsn, parse_dsn
from mnemo_server.db.queries import Query, QuerySet, load_queries
from mnemo_server.db.query_files import Variant

#: The tenant number of its rows, which no server assigns.
TENANT_ID: Final = 1
_POOL_SIZE: Final = 8
#: As large as the search entry of a memory of about 200 characters.
_TERMS: Final = bytes(300)

Params = Mapping[str, Any]
#: Statements of one transaction, each with its rows.
Unit = Sequence[tuple[Query, Sequence[Params]]]


class Driver(Protocol):
    """The two operations that are compared."""

    variant: Variant

    async def read(self, query: Query, params: Params) -> Mapping[str, Any] | None:
        """Read one row."""
        ...

    async def write(self, unit: Unit) -> None:
        """Run one transaction."""
        ...


class SqliteDriver:
    """Plain sqlite3 on the event loop itself, with the same durability as the product."""

    variant: Variant = "sqlite"

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA synchronous = FULL")

    async def read(self, query: Query, params: Params) -> Mapping[str, Any] | None:
        """See `Driver`."""
        row = self._connection.execute(query.text, params).fetchone()
        return None if row is None else dict(row)

    async def write(self, unit: Unit) -> None:
        """See `Driver`."""
        self._connection.execute("BEGIN IMMEDIATE")
        for query, rows in unit:
            self._connection.executemany(query.text, rows)
        self._connection.execute("COMMIT")


class MysqlDriver:
    """Plain asyncmy with prepared statements: one pool for reads, one for writes."""

    variant: Variant = "mysql"

    def __init__(self, readers: Any, writers: Any) -> None:
        self._readers = readers
        self._writers = writers

    async def read(self, query: Query, params: Params) -> Mapping[str, Any] | None:
        """See `Driver`."""
        async with self._readers.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(query.prepared, [params[name] for name in query.order])
            row = await cursor.fetchone()
            names = (column[0] for column in cursor.description)
            return None if row is None else dict(zip(names, row, strict=True))

    async def write(self, unit: Unit) -> None:
        """See `Driver`."""
        async with self._writers.acquire() as connection, connection.cursor() as cursor:
            for query, rows in unit:
                if len(rows) == 1:
                    await cursor.execute(query.prepared, [rows[0][name] for name in query.order])
                else:
                    await cursor.executemany(query.text, rows)
            await connection.commit()


async def open_driver(dsn: Dsn) -> Driver:
    """Open the driver for an address."""
    if dsn.path is not None:
        return SqliteDriver(str(dsn.path))

    async def pool(*, autocommit: bool) -> Any:
        return await asyncmy.create_pool(
            minsize=_POOL_SIZE,
            maxsize=_POOL_SIZE,
            host=dsn.host,
            port=dsn.port,
            user=dsn.user,
            password=dsn.password,
            db=dsn.database,
            autocommit=autocommit,
            stmt_cache_size=16,
        )

    return MysqlDriver(await pool(autocommit=True), await pool(autocommit=False))


class BareHandlers:
    """Get and store, as short as possible."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._memories: QuerySet = load_queries("memories", driver.variant)
        self._entries: QuerySet = load_queries("search_entries", driver.variant)
        self._serial = itertools.count(1)

    async def get(self, request: web.Request) -> web.Response:
        """Read one memory by its number."""
        params = {"tenant_id": TENANT_ID, "id": int(request.match_info["number"])}
        row = await self._driver.read(self._memories.find_memory, params)
        if row is None:
            raise web.HTTPNotFound
        response = {key: value for key, value in row.items() if key != "content_hash"}
        return web.Response(text=json.dumps(response), content_type="application/json")

    async def store(self, request: web.Request) -> web.Response:
        """Store one memory with its tags, search entry and event."""
        body = json.loads(await request.read())
        number = next(self._serial)
        now = time.time_ns() // 1_000
        await self._driver.write(self._unit(number, body["content"], body["tags"], now))
        response = {"status": "accepted", "outcome": "created", "id": str(number)}
        return web.Response(status=202, text=json.dumps(response), content_type="application/json")

    def _unit(self, number: int, content: str, tags: list[str], now: int) -> Unit:
        row: dict[str, Any] = dict.fromkeys(self._memories.put_memory.order)
        row |= {"tenant_id": TENANT_ID, "id": number, "content": content, "memory_type": "insight"}
        row |= {"is_message": 0, "state": "active", "version": 1, "content_hash": bytes(32)}
        row |= {"tags": json.dumps(tags), "created_at": now, "updated_at": now}
        tag_rows = [{"tenant_id": TENANT_ID, "tag": tag, "memory_id": number} for tag in tags]
        entry: dict[str, Any] = dict.fromkeys(self._entries.put_entry.order)
        entry |= {"tenant_id": TENANT_ID, "memory_id": number, "revision": 1024, "token_count": 30}
        entry |= {"terms": _TERMS, "traits": 0, "changed_at": now, "created_at": now}
        event: dict[str, Any] = dict.fromkeys(self._memories.put_event.order)
        event |= {"tenant_id": TENANT_ID, "id": number, "memory_id": number, "version": 1}
        event |= {"action": "created", "happened_at": now}
        return (
            (self._memories.put_memory, [row]),
            (self._memories.put_tag, tag_rows),
            (self._entries.put_entry, [entry]),
            (self._memories.put_event, [event]),
        )


async def serve(dsn: Dsn) -> None:
    """Serve until SIGTERM; print the address on standard output."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    handlers = BareHandlers(await open_driver(dsn))
    app = web.Application()
    app.router.add_get("/v1alpha2/mem9s/memories/{number}", handlers.get)
    app.router.add_post("/v1alpha2/mem9s/memories", handlers.store)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"bare server at http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(parse_dsn(os.environ["MNEMO_DSN"])))
