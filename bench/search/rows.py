"""Turn made-up texts into the rows of a database; runs in worker processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from mnemo_server.domain.ids import ID_EPOCH_MS
from mnemo_server.domain.memories.memory import ACTIVE, StoredMemory, hash_content
from mnemo_server.services.indexing import index_memory
from mnemo_server.stores.memories.rows import to_row
from mnemo_server.stores.memories.write import entry_row

from bench.search.texts import MESSAGES, UNIT, VERSION, Texts
from bench.search.vectors import VectorPool, load_pool

#: 2024-02-01 and two years, in microseconds: when the memories are created.
BEGIN: Final = 1_706_745_600_000_000
SPAN: Final = 2 * 365 * 86_400_000_000
_PAUSE: Final = 30_000_000  # microseconds between two messages
_ID_BITS: Final = 22  # of an id below its time; here they number the memories
_AGENT: Final = "bench"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some units of a database, to be turned into rows."""

    pool: Path
    model_id: int
    first: int
    """Number of the first unit."""
    count: int
    total: int
    """Units of the whole database; their times spread over `SPAN`."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows by table, not yet assigned to a tenant."""

    memories: list[dict[str, Any]] = field(default_factory=list)
    tags: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    vectors: list[dict[str, Any]] = field(default_factory=list)

    def assign_to(self, tenant_ids: Sequence[int]) -> Rows:
        """Return these rows with each unit assigned to one of the tenants, in turn."""

        def assign(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
            units = (row[key] % 2**_ID_BITS // UNIT for row in rows)
            return [
                row | {"tenant_id": tenant_ids[unit % len(tenant_ids)]}
                for row, unit in zip(rows, units, strict=True)
            ]

        return Rows(
            assign(self.memories, "id"),
            assign(self.tags, "memory_id"),
            assign(self.entries, "memory_id"),
            assign(self.vectors, "memory_id"),
        )


def make_rows(batch: Batch) -> Rows:
    """Return the rows of some units' memories, analysed as the server does."""
    rows = Rows()
    for number in range(batch.first, batch.first + batch.count):
        codes, tokens = _pool(batch.pool).mix(UNIT, np.random.default_rng((VERSION, number, 1)))
        for memory, code, token_codes in zip(_memories(batch, number), codes, tokens, strict=True):
            entry = entry_row(index_memory(memory))
            # The write of the vector is the second change of the entry.
            entry |= {"revision": entry["revision"] + 1, "model_id": batch.model_id, "vector_code": code}
            rows.memories.append(to_row(memory))
            rows.tags.extend({"memory_id": memory.id, "tag": tag} for tag in memory.tags)
            rows.entries.append(entry)
            rows.vectors.append(
                {"memory_id": memory.id, "model_id": batch.model_id, "token_codes": token_codes}
            )
    return rows


def _memories(batch: Batch, number: int) -> Iterator[StoredMemory]:
    texts = Texts(number)
    began_at = BEGIN + SPAN * number // batch.total
    for place, content in enumerate(texts.unit()):
        made_at = began_at + place * _PAUSE
        is_message = place < MESSAGES
        yield StoredMemory(
            tenant_id=0,
            id=((made_at // 1_000 - ID_EPOCH_MS) << _ID_BITS) + number * UNIT + place,
            content=content,
            memory_type="session" if is_message else "insight",
            state=ACTIVE,
            version=1,
            content_hash=hash_content(content),
            created_at=made_at,
            updated_at=made_at,
            source=_AGENT,
            tags=() if is_message else texts.tags(),
            agent_id=_AGENT,
            session_id=f"session-{number}",
            seq=place if is_message else None,
            role=("user", "assistant")[place % 2] if is_message else None,
            updated_by=_AGENT,
        )


@cache
def _pool(path: Path) -> VectorPool:
    return load_pool(path)
