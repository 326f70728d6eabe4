"""Vectors of search entries in SQL. Each method is one unit of work: all of it happens, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from mnemo_server.db.database import Connection, Database, Row
from mnemo_server.db.errors import UniqueViolation, WriteConflict
from mnemo_server.db.queries import QuerySet
from mnemo_server.domain.memories.memory import MEMORY_FIELDS
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.stores.memories.rows import to_memory
from mnemo_server.stores.records import WrittenMemory
from mnemo_server.stores.search_entries import to_entry

#: Servers that register models at the same time compete for one number; in each attempt one of them gets it.
_REGISTER_ATTEMPTS: Final = 10
#: Greater than the id of any tenant; the first tenant has 1.
_BEYOND_TENANTS: Final = 2**63 - 1
#: Maximum number of tenants named in one statement.
_TENANTS_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class NewVector:
    """The vector that a model made of the text of a search entry."""

    entry: EntryRow
    """The entry as it was when its text was read."""
    vector_code: bytes | None
    """The binary code; None if the model refuses this text for good."""
    token_codes: bytes = b""
    components: tuple[float, ...] = ()
    """The vector itself; databases that can't search by vector don't store it."""


@dataclass(frozen=True, slots=True)
class Share:
    """One of `count` equal parts of all memories, by their ids."""

    number: int
    count: int


EVERYTHING: Final = Share(0, 1)


@dataclass(frozen=True, slots=True)
class KnownModel:
    """An embedding model that some server has started with; the one chosen last embeds for all servers."""

    model_id: int
    name: str
    dimensions: int
    chosen_at: int


@dataclass(frozen=True, slots=True)
class VectorCount:
    """How many active search entries were given to a model, and how many of them have a vector."""

    total: int
    embedded: int


class VectorStore:
    """The vectors of search entries, and the models that made them. Models are referred to by number."""

    def __init__(self, database: Database, vectors: QuerySet, entries: QuerySet) -> None:
        self._database = database
        self._vectors = vectors
        self._entries = entries
        self._keeps_components = database.engine == "tidb"

    async def register_model(self, name: str, dimensions: int, now: int) -> int:
        """Return the number of a model, from 1 on, and make it the one chosen last.

        Raises:
            WriteConflict: other servers took every number that was tried.
        """
        for _ in range(_REGISTER_ATTEMPTS):
            models = await self.list_models()
            found = next((one for one in models if (one.name, one.dimensions) == (name, dimensions)), None)
            if found is not None:
                params = {"model_id": found.model_id, "chosen_at": now}
                await self._database.execute(self._vectors.choose_model, params)
                return found.model_id
            model_id = max((one.model_id for one in models), default=0) + 1
            row = {"model_id": model_id, "name": name, "dimensions": dimensions, "chosen_at": now}
            try:
                await self._database.execute(self._vectors.put_model, row)
            except UniqueViolation:
                continue
            return model_id
        raise WriteConflict("other servers kept taking the number of the embedding model")

    async def list_models(self) -> list[KnownModel]:
        """List all models, with the one chosen last at the end."""
        rows = await self._database.fetch_all(self._vectors.list_models, {})
        return [KnownModel(**row) for row in rows]

    async def find_unembedded(
        self,
        model_ids: Sequence[int],
        *,
        limit: int,
        before: int,
        passing_over: Collection[int] = (),
        share: Share = EVERYTHING,
    ) -> list[WrittenMemory]:
        """Read active memories whose text was given to one of these models, 0 for none.

        It covers all tenants except those to skip, and only entries that were changed before a time. The gaps
        between skipped tenants are queried one by one: to exclude their rows in one statement, the database
        would walk over all of them every time.
        """
        part = {"share": share.number, "shares": share.count}
        params = {"model_ids": model_ids, "limit": limit, "before": before} | part
        rows: Sequence[Row] = ()
        for after, until in pairwise((0, *sorted(passing_over), _BEYOND_TENANTS)):
            gap = {"after_tenant": after, "until_tenant": until}
            rows = await self._database.fetch_all(self._vectors.find_unembedded, params | gap)
            if rows:
                break
        return [
            WrittenMemory(to_memory({name: row[name] for name in MEMORY_FIELDS}), to_entry(row))
            for row in rows
        ]

    async def find_current(self, tenant_id: int, entries: Sequence[EntryRow]) -> list[bool]:
        """Return for each entry whether it is still as it was read: neither changed nor given a vector."""
        params = {"tenant_id": tenant_id, "ids": [entry.memory_id for entry in entries]}
        rows = await self._database.fetch_all(self._vectors.find_revisions, params)
        revisions = {row["memory_id"]: row["revision"] for row in rows}
        return [revisions.get(entry.memory_id) == entry.revision for entry in entries]

    async def write(
        self, tenant_id: int, model_id: int, vectors: Sequence[NewVector], now: int
    ) -> list[EntryRow]:
        """Write vectors of a tenant's entries together, and return those entries as they are now.

        An entry that was changed since it was read is skipped.
        """
        # In the same order everywhere, so that two servers with the same rows don't deadlock.
        ordered = sorted(vectors, key=lambda one: one.entry.memory_id)

        async def work(tx: Connection) -> list[NewVector]:
            written = [one for one in ordered if await self._write_code(tx, tenant_id, model_id, one, now)]
            made = [self._row(tenant_id, model_id, one) for one in written if one.vector_code is not None]
            if made:
                query = self._vectors.write_vector
                if self._keeps_components:
                    query = self._vectors.write_vector_with_components
                await tx.execute_many(query, made)
            refused = [one.entry.memory_id for one in written if one.vector_code is None]
            if refused:
                await tx.execute(self._entries.remove_vectors, {"tenant_id": tenant_id, "ids": refused})
            return written

        return [
            one.entry._replace(
                revision=one.entry.revision + 1,
                changed_at=now,
                model_id=model_id,
                vector_code=one.vector_code,
            )
            for one in await self._database.transact(work)
        ]

    async def count_waiting(self, model_ids: Sequence[int]) -> dict[int, int]:
        """Count the active entries of all tenants that were given to these models, 0 for none."""
        rows = await self._database.fetch_all(self._vectors.count_waiting, {"model_ids": model_ids})
        return {row["model_id"]: row["total"] for row in rows}

    async def count_waiting_of_tenants(self, model_ids: Sequence[int], tenant_ids: Collection[int]) -> int:
        """Count the active entries of some tenants that were given to these models, 0 for none."""
        ordered = sorted(tenant_ids)
        total = 0
        for start in range(0, len(ordered), _TENANTS_AT_ONCE):
            params = {"model_ids": model_ids, "tenant_ids": ordered[start : start + _TENANTS_AT_ONCE]}
            row = await self._database.fetch_one(self._vectors.count_waiting_of_tenants, params)
            total += row["total"] if row else 0
        return total

    async def count_by_model(self, tenant_id: int) -> dict[int, VectorCount]:
        """Count a tenant's active entries by the model that they were given to, 0 for none."""
        rows = await self._database.fetch_all(self._vectors.count_by_model, {"tenant_id": tenant_id})
        return {row["model_id"]: VectorCount(row["total"], row["embedded"]) for row in rows}

    async def _write_code(
        self, tx: Connection, tenant_id: int, model_id: int, vector: NewVector, now: int
    ) -> bool:
        params = {
            "tenant_id": tenant_id,
            "memory_id": vector.entry.memory_id,
            "model_id": model_id,
            "vector_code": vector.vector_code,
            "changed_at": now,
            "seen": vector.entry.revision,
        }
        return await tx.execute(self._vectors.write_code, params) == 1

    def _row(self, tenant_id: int, model_id: int, vector: NewVector) -> dict[str, Any]:
        row = {
            "tenant_id": tenant_id,
            "memory_id": vector.entry.memory_id,
            "model_id": model_id,
            "token_codes": vector.token_codes,
        }
        if self._keeps_components:
            # Nine digits are enough to restore the same 32-bit float.
            row["components"] = f"[{','.join(f'{number:.9g}' for number in vector.components)}]"
        return row
