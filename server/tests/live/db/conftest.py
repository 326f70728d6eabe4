"""A small table on every engine, and a proxy that drops connections on demand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from mnemo_server.db.connect import connect
from mnemo_server.db.database import Database
from mnemo_server.db.dsn import Dsn, parse_dsn
from mnemo_server.db.queries import QuerySet, parse_queries

TABLE = """
CREATE TABLE items (
  tenant_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  label VARCHAR(20),
  body MEDIUMTEXT,
  data MEDIUMBLOB,
  weight DOUBLE,
  PRIMARY KEY (tenant_id, id)
) /*!40100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin */
"""
QUERIES = """
-- name: put_item
INSERT INTO items (tenant_id, id, label, body, data, weight)
VALUES (:tenant_id, :id, :label, :body, :data, :weight);

-- name: put_item_or_skip [mysql]
INSERT IGNORE INTO items (tenant_id, id, label) VALUES (:tenant_id, :id, :label);
-- name: put_item_or_skip [sqlite]
INSERT OR IGNORE INTO items (tenant_id, id, label) VALUES (:tenant_id, :id, :label);

-- name: find_item
SELECT id, label, body, data, weight FROM items WHERE tenant_id = :tenant_id AND id = :id;

-- name: find_item_as_text
-- The filter that may be null keeps this from being prepared on the server.
SELECT id, label, body, data, weight FROM items
WHERE tenant_id = :tenant_id AND (:id IS NULL OR id = :id)
  AND (:body IS NULL OR body = :body) AND (:data IS NULL OR data = :data);

-- name: lock_item [mysql]
SELECT label FROM items WHERE tenant_id = :tenant_id AND id = :id FOR UPDATE;
-- name: lock_item [sqlite]
SELECT label FROM items WHERE tenant_id = :tenant_id AND id = :id;

-- name: list_items
SELECT id FROM items WHERE tenant_id = :tenant_id ORDER BY id;

-- name: find_items
SELECT id FROM items WHERE tenant_id = :tenant_id AND id IN (:ids...) ORDER BY id;

-- name: find_labelled_items
SELECT id FROM items WHERE tenant_id = :tenant_id AND id IN (:ids...) AND label IN (:labels...)
ORDER BY id;

-- name: label_item
UPDATE items SET label = :label WHERE tenant_id = :tenant_id AND id = :id;

-- name: append_label
UPDATE items SET label = CONCAT(label, :label) WHERE tenant_id = :tenant_id AND id = :id;

-- name: add_weight
UPDATE items SET weight = weight + 1 WHERE tenant_id = :tenant_id AND id = :id;

-- name: read_odd_text
SELECT '50%' AS percent, '12:30' AS clock, ':id' AS colon, 'it''s' AS quote, :value AS given;

-- name: read_nonsense
SELECT nothing FROM items;
"""


def item(item_id: int, **values: object) -> dict[str, object]:
    empty = {"label": None, "body": None, "data": None, "weight": None}
    return {"tenant_id": 1, "id": item_id, **empty, **values}


@pytest.fixture
def make_item() -> Callable[..., dict[str, object]]:
    return item


@pytest.fixture(params=["sqlite", "live"])
def dsn(request, tmp_path) -> Dsn:
    if request.param == "live":
        return parse_dsn(request.getfixturevalue("live_dsn"))
    return Dsn("sqlite", path=tmp_path / "items.db")


@pytest.fixture
async def database(dsn) -> AsyncIterator[Database]:
    async with opened(dsn) as database:
        yield database


@pytest.fixture
def queries(database) -> QuerySet:
    return parse_queries(QUERIES, database.variant, origin="conftest.py")


@pytest.fixture
def mysql_queries() -> QuerySet:
    return parse_queries(QUERIES, "mysql", origin="conftest.py")


@contextlib.asynccontextmanager
async def opened(dsn: Dsn) -> AsyncIterator[Database]:
    database = await connect(dsn, pool_size=4)
    try:
        await database.execute_script([TABLE])
        yield database
    finally:
        await database.close()


class Proxy:
    """A proxy between client and server that closes connections and drops data on demand."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.cut_before = (
            b""  # the connection of a request with these bytes is closed before the request arrives
        )
        self.cut_after = b""  # the connection is closed after such a request arrives, before its response
        self.swallow = b""  # a request with these bytes is dropped, but the connection stays open
        self.is_silent = False  # all data is dropped
        self.cuts = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.drop_all()
        async with asyncio.timeout(5):
            await self._server.wait_closed()
            while self._writers:  # noqa: ASYNC110 - many connections end, in any order
                await asyncio.sleep(0.005)

    def drop_all(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream = await asyncio.open_connection(*self._target)
        both = {writer, upstream}
        self._writers |= both
        responses = asyncio.create_task(self._copy(upstream_reader, writer, is_request=False))
        await self._copy(reader, upstream, is_request=True)
        writer.close()
        await responses
        for one in both:
            with contextlib.suppress(OSError):
                await one.wait_closed()
        self._writers -= both

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_request: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                if is_request and self.cut_before and self.cut_before in data:
                    self.cut_before = b""
                    self.cuts += 1
                    break
                if self.is_silent or (is_request and self.swallow and self.swallow in data):
                    continue
                writer.write(data)
                await writer.drain()
                if is_request and self.cut_after and self.cut_after in data:
                    self.cut_after = b""
                    self.cuts += 1
                    self.drop_all_but(writer)
                    break
        writer.close()

    def drop_all_but(self, writer: asyncio.StreamWriter) -> None:
        """Close the clients' connections at once, so that no response gets through."""
        for other in self._writers:
            if other is not writer:
                other.transport.abort()


@pytest.fixture
async def proxy(live_dsn) -> AsyncIterator[Proxy]:
    target = parse_dsn(live_dsn)
    proxy = Proxy(target.host, target.port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()


@pytest.fixture
async def proxied(live_dsn, proxy) -> AsyncIterator[Database]:
    """The live database through the proxy."""
    through_proxy = replace(parse_dsn(live_dsn), host="127.0.0.1", port=proxy.port)
    async with opened(through_proxy) as database:
        yield database
