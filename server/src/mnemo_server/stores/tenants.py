"""Tenants and keys in SQL. Each method is one unit of work."""

from __future__ import annotations

from typing import Final

from mnemo_server.db.database import Connection, Database
from mnemo_server.db.errors import UniqueViolation
from mnemo_server.db.queries import QuerySet
from mnemo_server.stores.records import KeyRecord, NewKey

_ACTIVE: Final = "active"
#: The first tenant's id is fixed: if two servers start on one empty database, only one creates the tenant.
FIRST_TENANT_ID: Final = 1


class TenantStore:
    """Tenants and their keys, and the removal of expired responses."""

    def __init__(self, database: Database, tenants: QuerySet) -> None:
        self._database = database
        self._tenants = tenants

    async def create(self, tenant_id: int, name: str, key: NewKey, now: int) -> None:
        """Create a tenant and its first key."""

        async def work(tx: Connection) -> None:
            await self._insert(tx, tenant_id, name, key, now)

        await self._database.transact(work, only_inserts=True)

    async def create_first(self, name: str, key: NewKey, now: int) -> bool:
        """Create the first tenant and its key unless the database has one; return whether it was created."""
        count = await self._database.fetch_one(self._tenants.count_tenants, {})
        if count and count["total"]:
            return False
        try:
            await self.create(FIRST_TENANT_ID, name, key, now)
        except UniqueViolation:
            return False
        return True

    async def find_key(self, key_hash: bytes) -> KeyRecord | None:
        """Look a key up by its hash."""
        row = await self._database.fetch_one(self._tenants.find_key, {"key_hash": key_hash})
        if row is None:
            return None
        is_active = row["key_state"] == _ACTIVE and row["tenant_state"] == _ACTIVE
        return KeyRecord(row["key_id"], row["tenant_id"], is_active)

    async def remove_responses(self, before: int) -> int:
        """Remove the responses kept since before the given time, and return how many."""
        return await self._database.execute(self._tenants.remove_old_responses, {"before": before})

    async def _insert(self, tx: Connection, tenant_id: int, name: str, key: NewKey, now: int) -> None:
        tenant = {"tenant_id": tenant_id, "state": _ACTIVE, "created_at": now}
        await tx.execute(self._tenants.put_tenant, tenant | {"name": name})
        row = {"key_hash": key.key_hash, "key_id": key.key_id, "label": "first key"}
        await tx.execute(self._tenants.put_key, tenant | row)
