"""Recalls in SQL: the records of what models were shown, and the sessions that they may continue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mnemo_server.db.database import Database
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.stores.memories.rows import to_memory

#: The latest sessions of a tenant among which a project's last one is looked for.
_SESSIONS: Final = 50


@dataclass(frozen=True, slots=True)
class Considered:
    """A memory that a recall found."""

    memory_id: int
    confidence: int
    """In percent."""
    left_out: str | None
    """Why it wasn't shown; None if it was."""


@dataclass(frozen=True, slots=True)
class RecallRecord:
    """One row of `recalls`; see schema.sql for the columns."""

    tenant_id: int
    id: int
    event: str
    prompt: str | None
    session_id: str | None
    project: str | None
    agent_id: str | None
    silence: str | None
    tokens: int
    elapsed_ms: int
    considered: tuple[Considered, ...]
    created_at: int


class RecallStore:
    """The records of recalls."""

    def __init__(self, database: Database, recalls: QuerySet) -> None:
        self._database = database
        self._recalls = recalls

    async def put(self, record: RecallRecord) -> None:
        """Keep a record."""
        considered = [[one.memory_id, one.confidence, one.left_out] for one in record.considered]
        row = {name: getattr(record, name) for name in RecallRecord.__dataclass_fields__}
        row |= {"considered": json.dumps(considered, separators=(",", ":"))}
        await self._database.execute(self._recalls.put_recall, row)

    async def list_latest(
        self, tenant_id: int, *, session_id: str | None, silent: bool | None, limit: int
    ) -> list[RecallRecord]:
        """List records, latest first; of one session, and only silent ones or others, if that is set."""
        params = {
            "tenant_id": tenant_id,
            "silent": None if silent is None else int(silent),
            "limit": limit,
        }
        if session_id is None:
            rows = await self._database.fetch_all(self._recalls.list_recalls, params)
        else:
            rows = await self._database.fetch_all(
                self._recalls.list_session_recalls, params | {"session_id": session_id}
            )
        return [_to_record(row) for row in rows]

    async def find(self, tenant_id: int, recall_id: int) -> RecallRecord | None:
        """Read one record."""
        params = {"tenant_id": tenant_id, "id": recall_id}
        row = await self._database.fetch_one(self._recalls.find_recall, params)
        return None if row is None else _to_record(row)

    async def remove(self, before: int) -> int:
        """Remove the records made before the given time, and return how many."""
        return await self._database.execute(self._recalls.remove_old_recalls, {"before": before})

    async def read_last_session(
        self, tenant_id: int, project: str | None, *, but: str | None, limit: int
    ) -> list[StoredMemory]:
        """Return the last messages of a project's latest session but one, in order; at most `limit`."""
        params = {"tenant_id": tenant_id, "limit": _SESSIONS}
        for row in await self._database.fetch_all(self._recalls.list_last_sessions, params):
            if row["session_id"] == but or row["project"] != project:
                continue
            of_session = {"tenant_id": tenant_id, "session_id": row["session_id"], "limit": limit}
            rows = await self._database.fetch_all(self._recalls.list_last_messages, of_session)
            if rows:
                return [to_memory(one) for one in reversed(rows)]
        return []


def _to_record(row: Mapping[str, Any]) -> RecallRecord:
    considered = tuple(Considered(*one) for one in json.loads(row["considered"]))
    return RecallRecord(**{**row, "considered": considered})
