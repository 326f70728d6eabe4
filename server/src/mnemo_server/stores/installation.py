"""Values of an installation that are set once and kept, in SQL."""

from __future__ import annotations

from mnemo_server.db.database import Database
from mnemo_server.db.errors import UniqueViolation, WriteConflict
from mnemo_server.db.queries import QuerySet


class InstallationStore:
    """The values of an installation, by name."""

    def __init__(self, database: Database, queries: QuerySet) -> None:
        self._database = database
        self._queries = queries

    async def keep(self, name: str, proposal: bytes, now: int) -> bytes:
        """Return the value of this name; the first proposal is stored and kept."""
        if (held := await self._find(name)) is not None:
            return held
        try:
            row = {"name": name, "value": proposal, "created_at": now}
            await self._database.execute(self._queries.put_value, row)
        except UniqueViolation as violation:
            if (held := await self._find(name)) is None:
                raise WriteConflict(f"the value {name} came and went") from violation
            return held
        return proposal

    async def _find(self, name: str) -> bytes | None:
        row = await self._database.fetch_one(self._queries.find_value, {"name": name})
        return None if row is None else row["value"]
