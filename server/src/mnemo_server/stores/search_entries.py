"""Search entries in SQL: what the resident index is loaded from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from mnemo_server.db.database import Database
from mnemo_server.db.queries import QuerySet
from mnemo_server.index.entries import EntryRow

#: Entries per query while a tenant is loaded.
PAGE_SIZE: Final = 20_000
#: Ids in one IN list; more are fetched in turns.
MAX_IDS: Final = 1_000


class SqlEntrySource:
    """The EntrySource port of the index over any of the databases."""

    def __init__(self, database: Database, entries: QuerySet) -> None:
        self._database = database
        self._entries = entries

    async def load(self, tenant_id: int) -> AsyncIterator[list[EntryRow]]:
        """Give a tenant's active entries by pages, in the order of their ids."""
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
        """Give memory id, revision and time of every entry changed at or after `since`, oldest first."""
        params = {"tenant_id": tenant_id, "since": since}
        rows = await self._database.fetch_all(self._entries.find_changes, params)
        return [(row["memory_id"], row["revision"], row["changed_at"]) for row in rows]

    async def get_entries(self, tenant_id: int, memory_ids: Sequence[int]) -> list[EntryRow]:
        """Read some entries, deleted ones too."""
        entries: list[EntryRow] = []
        for start in range(0, len(memory_ids), MAX_IDS):
            params = {"tenant_id": tenant_id, "ids": memory_ids[start : start + MAX_IDS]}
            rows = await self._database.fetch_all(self._entries.find_entries, params)
            entries.extend(to_entry(row) for row in rows)
        return entries

    async def get_token_codes(
        self, tenant_id: int, model_id: int, memory_ids: Sequence[int]
    ) -> dict[int, bytes]:
        """Read the codes of the words of those memories that have a vector of this model."""
        codes: dict[int, bytes] = {}
        for start in range(0, len(memory_ids), MAX_IDS):
            ids = memory_ids[start : start + MAX_IDS]
            params = {"tenant_id": tenant_id, "model_id": model_id, "ids": ids}
            rows = await self._database.fetch_all(self._entries.find_token_codes, params)
            codes |= {row["memory_id"]: row["token_codes"] for row in rows}
        return codes


def to_entry(row: Mapping[str, Any]) -> EntryRow:
    """Make an entry of a row that holds its columns."""
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
