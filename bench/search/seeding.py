"""Fill databases with any number of memories, quickly: rows are written directly, nothing is embedded.

What a search never reads is left out: events and sessions. SQLite files are kept for the next run.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from mnemo_server.db.connect import connect
from mnemo_server.db.database import Connection, Database
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.migrate import migrate
from mnemo_server.db.queries import load_queries, parse_queries
from mnemo_server.domain.clock import system_clock
from mnemo_server.domain.ids import IdSource
from mnemo_server.services.tenants import TenantService
from mnemo_server.stores.opening import open_stores

from bench.search.rows import Batch, Rows, make_rows
from bench.search.texts import UNIT, VERSION
from bench.search.vectors import POOL, load_pool, make_pool

#: Tenants that share the memories of the second layout.
TENANTS: Final = 100
_BATCH_UNITS: Final = 80
_AHEAD: Final = 2  # batches per worker that wait to be written
_WRITE_SECONDS: Final = 60.0
_BULK: Final = Path(__file__).with_name("bulk.sql")


@dataclass(frozen=True, slots=True)
class Seeded:
    """One database filled with memories."""

    title: str
    """Title of the engine."""
    dsn: str
    count: int
    keys: Sequence[str]
    """One key for each tenant that shares the memories."""
    database_pid: int | None = None

    @property
    def is_shared(self) -> bool:
        """Whether many tenants share the memories."""
        return len(self.keys) > 1


@dataclass(frozen=True, slots=True)
class _Target:
    """Tenants of a database that is open for writing."""

    database: Database
    model_id: int
    keys: list[str]
    tenant_ids: list[int]


async def seed_sqlite(title: str, count: int, folder: Path) -> list[Seeded]:
    """Return the files of `count` memories, for one tenant and for many; create them unless they exist."""
    pool = await ensure_pool(count, folder)
    schema = files("mnemo_server").joinpath("sql", "schema.sql").read_bytes()
    state = f"v{VERSION}-{hashlib.sha256(schema + pool.name.encode()).hexdigest()[:8]}"
    paths = [folder / f"{layout}-{count}-{state}.db" for layout in ("one", "many")]
    if not all(path.with_suffix(".json").exists() for path in paths):
        _remove(paths)
        dsns = [f"sqlite://{path}" for path in paths]
        for path, seeded in zip(paths, await seed(title, dsns, count, pool), strict=True):
            # Written last, it marks the database as complete.
            path.with_suffix(".json").write_text(json.dumps(seeded.keys), encoding="utf-8")
    keys = [json.loads(path.with_suffix(".json").read_text(encoding="utf-8")) for path in paths]
    return [Seeded(title, f"sqlite://{path}", count, some) for path, some in zip(paths, keys, strict=True)]


def _remove(paths: Sequence[Path]) -> None:
    """Remove what an interrupted run has left behind."""
    for path in paths:
        for remains in path.parent.glob(f"{path.stem}.*"):
            remains.unlink()


async def ensure_pool(count: int, folder: Path) -> Path:
    """Return the file of real embeddings for databases of `count` memories; create it unless it exists."""
    texts = min(count, POOL)
    path = folder / f"pool-{texts}-v{VERSION}.npz"
    if not path.exists():
        _log(f"embedding {texts:,} texts")
        await make_pool(path, texts)
    return path


async def seed(
    title: str, dsns: Sequence[str], count: int, pool: Path, database_pid: int | None = None
) -> list[Seeded]:
    """Write the same `count` memories for one tenant and for many, into one database or two."""
    model = load_pool(pool).model
    async with AsyncExitStack() as stack:
        targets = []
        for dsn, tenants in zip((dsns[0], dsns[-1]), (1, _tenant_count(count)), strict=True):
            database = await stack.enter_async_context(_open(dsn))
            stores = await asyncio.to_thread(open_stores, database, IdSource(system_clock), system_clock)
            service = TenantService(stores.tenants, IdSource(system_clock), system_clock)
            keys = [await service.provision("bench") for _ in range(tenants)]
            found = [await service.find_key(key) for key in keys]
            tenant_ids = [record.tenant_id for record in found if record is not None]
            model_id = await stores.vectors.register_model(model.name, model.dimensions, system_clock())
            targets.append(_Target(database, model_id, keys, tenant_ids))
        await _write_all(targets, count, pool)
    pairs = zip((dsns[0], dsns[-1]), targets, strict=True)
    return [Seeded(title, dsn, count, target.keys, database_pid) for dsn, target in pairs]


def _tenant_count(count: int) -> int:
    """Return the number of tenants, 2 to `TENANTS`, so that each has a unit where possible."""
    return max(2, min(TENANTS, count // UNIT))


@asynccontextmanager
async def _open(dsn: str) -> AsyncIterator[Database]:
    database = await connect(parse_dsn(dsn))
    try:
        await migrate(database, may_change=True)
        yield database
    finally:
        await database.close()


async def _write_all(targets: Sequence[_Target], count: int, pool: Path) -> None:
    total = -(-count // UNIT)
    firsts = range(0, total, _BATCH_UNITS)
    batches = (
        Batch(pool, targets[0].model_id, first, min(_BATCH_UNITS, total - first), total) for first in firsts
    )
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as executor:
        for number, future in enumerate(_run_ahead(executor, batches, _AHEAD * workers)):
            rows = await asyncio.wrap_future(future)
            for target in targets:
                await _write(target, rows.assign_to(target.tenant_ids))
            if number % 50 == 0:
                _log(f"writing {count:,} memories: {number / len(firsts):.0%}")


def _run_ahead(executor: ProcessPoolExecutor, batches: Iterator[Batch], ahead: int) -> Iterator[Future[Rows]]:
    """Yield the results in order, with a bounded number in progress."""
    waiting: list[Future[Rows]] = []
    for batch in batches:
        waiting.append(executor.submit(make_rows, batch))
        if len(waiting) > ahead:
            yield waiting.pop(0)
    yield from waiting


async def _write(target: _Target, rows: Rows) -> None:
    variant = target.database.variant
    memories = load_queries("memories", variant)
    bulk = parse_queries(_BULK.read_text(encoding="utf-8"), variant, origin=_BULK.name)

    async def work(tx: Connection) -> None:
        await tx.execute_many(memories.put_memory, rows.memories)
        await tx.execute_many(memories.put_tag, rows.tags)
        await tx.execute_many(bulk.put_embedded_entry, rows.entries)
        await tx.execute_many(bulk.put_token_codes, rows.vectors)

    await target.database.transact(work, deadline_seconds=_WRITE_SECONDS, only_inserts=True)


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
