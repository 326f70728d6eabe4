"""Search entries in SQL: the source of the resident index."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from mnemo_server.db.database import Database
from mnemo_server.db.queries import QuerySet
from mnemo_server.index.segments import entries as packing
from mnemo_server.index.segments.entries import HASH_BYTES, EntryRow
from mnemo_server.index.source import NearQuery, Stretch

#: Entries per query, both when a tenant is loaded and when its entries are read stretch by stretch.
PAGE_SIZE: Final = 20_000
#: Maximum number of terms that the database can look for in one statement.
MAX_SOUGHT: Final = 16
#: The largest time, in microseconds, that every engine can compare.
MAX_TIME: Final = 2**63 - 1
#: Maximum number of ids in one IN list; more are fetched in several queries.
MAX_IDS: Final = 1_000


class SqlEntrySource:
    """The EntrySource port of the index, on any of the databases."""

    def __init__(self, database: Database, entries: QuerySet) -> None:
        self._database = database
        self._entries = entries
        # Reading all rows of a local file and searching them here is faster than its INSTR.
        self._is_local = database.engine == "sqlite"
        self._compares_vectors = database.engine == "tidb"

    async def load(self, tenant_id: int) -> AsyncIterator[list[EntryRow]]:
        """Yield a tenant's active entries page by page, in the order of their ids."""
        after_id = -1
        while True:
            params = {"tenant_id": tenant_id, "after_id": after_id, "page_size": PAGE_SIZE}
            rows = await self._database.fetch_all(self._entries.load_entries, params)
            if rows:
                yield [to_entry(row) for row in rows]
            if len(rows) < PAGE_SIZE:
                return
            after_id = rows[-1]["memory_id"]

    async def changed_since(self, tenant_id: int, since: int) -> list[tuple[int, int, int]]:
        """Return memory id, revision and time of every entry changed at or after `since`, oldest first."""
        params = {"tenant_id": tenant_id, "since": since}
        rows = await self._database.fetch_all(self._entries.find_changes, params)
        return [(row["memory_id"], row["revision"], row["changed_at"]) for row in rows]

    async def get_entries(self, tenant_id: int, memory_ids: Sequence[int]) -> list[EntryRow]:
        """Read some entries, including deleted ones."""
        entries: list[EntryRow] = []
        for start in range(0, len(memory_ids), MAX_IDS):
            params = {"tenant_id": tenant_id, "ids": memory_ids[start : start + MAX_IDS]}
            rows = await self._database.fetch_all(self._entries.find_entries, params)
            entries.extend(to_entry(row) for row in rows)
        return entries

    async def get_token_codes(
        self, tenant_id: int, model_id: int, memory_ids: Sequence[int]
    ) -> dict[int, bytes]:
        """Read the binary codes of the word vectors of those memories that have a vector of this model."""
        codes: dict[int, bytes] = {}
        for start in range(0, len(memory_ids), MAX_IDS):
            ids = memory_ids[start : start + MAX_IDS]
            params = {"tenant_id": tenant_id, "model_id": model_id, "ids": ids}
            rows = await self._database.fetch_all(self._entries.find_token_codes, params)
            codes |= {row["memory_id"]: row["token_codes"] for row in rows}
        return codes

    async def measure_stretch(self, tenant_id: int, after: int) -> Stretch | None:
        """Measure the next `PAGE_SIZE` entries."""
        params = {"tenant_id": tenant_id, "after": after, "limit": PAGE_SIZE}
        row = await self._database.fetch_one(self._entries.measure_stretch, params)
        if row is None or row["last_id"] is None:
            return None
        return Stretch(after, row["last_id"], int(row["document_count"]), int(row["length"]))

    async def find_holders(self, tenant_id: int, stretch: Stretch, hashes: Sequence[int]) -> list[EntryRow]:
        """Read the active entries of a stretch that have at least one of these terms or facets."""
        if not hashes:
            return []
        if len(hashes) <= MAX_SOUGHT and not self._is_local:
            sought = [number.to_bytes(HASH_BYTES, "little") for number in hashes]
            sought += sought[:1] * (MAX_SOUGHT - len(sought))
            params = _locate(tenant_id, stretch) | {f"t{number}": term for number, term in enumerate(sought)}
            return [
                to_entry(row) for row in await self._database.fetch_all(self._entries.find_holders, params)
            ]
        rows = await self._database.fetch_all(self._entries.read_terms, _locate(tenant_id, stretch))
        holders = await asyncio.to_thread(packing.find_holders, [row["terms"] for row in rows], hashes)
        entries = await self.get_entries(tenant_id, [rows[position]["memory_id"] for position in holders])
        return [entry for entry in entries if entry.is_active]

    async def find_near(self, tenant_id: int, stretch: Stretch, wanted: NearQuery) -> list[tuple[int, bytes]]:
        """Read the nearest binary codes of a stretch if the database compares vectors, else all of them."""
        params = _locate(tenant_id, stretch) | {"model_id": wanted.model_id}
        is_timed = wanted.created_from is not None or wanted.created_before is not None
        if self._compares_vectors and not is_timed:
            components = f"[{','.join(f'{number:.9g}' for number in wanted.vector.tolist())}]"
            params |= {"components": components, "limit": wanted.count}
            rows = await self._database.fetch_all(self._entries.find_near, params)
        else:
            params["created_from"] = _bound(wanted.created_from, -MAX_TIME)
            params["created_before"] = _bound(wanted.created_before, MAX_TIME)
            rows = await self._database.fetch_all(self._entries.read_codes, params)
        return [(row["memory_id"], row["vector_code"]) for row in rows]

    async def find_neighbours(self, tenant_id: int, memory_ids: Sequence[int], reach: int) -> list[EntryRow]:
        """Read the messages around these, with two statements for each."""
        entries: list[EntryRow] = []
        for start in range(0, len(memory_ids), MAX_IDS):
            params = {"tenant_id": tenant_id, "ids": memory_ids[start : start + MAX_IDS]}
            for message in await self._database.fetch_all(self._entries.find_places, params):
                around = {"tenant_id": tenant_id, "limit": reach, **message}
                for query in (self._entries.find_preceding, self._entries.find_following):
                    entries.extend(map(to_entry, await self._database.fetch_all(query, around)))
        return entries


def _locate(tenant_id: int, stretch: Stretch) -> dict[str, object]:
    return {"tenant_id": tenant_id, "after": stretch.after, "until": stretch.until}


def _bound(moment: int | None, default: int) -> int:
    """Return a time that the database can compare; times in filters may exceed its integers."""
    return default if moment is None else max(-MAX_TIME, min(moment, MAX_TIME))


def to_entry(row: Mapping[str, Any]) -> EntryRow:
    """Return the entry in a row that has its columns."""
    return EntryRow(
        memory_id=row["memory_id"],
        revision=row["revision"],
        changed_at=row["changed_at"],
        is_active=bool(row["is_active"]),
        length=row["token_count"],
        terms=row["terms"],
        session_key=row["session_key"],
        seq=row["seq"],
        speaker=row["speaker"],
        traits=row["traits"],
        created_at=row["created_at"],
        model_id=row["model_id"],
        vector_code=row["vector_code"],
    )
