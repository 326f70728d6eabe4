"""Memories in bulk, written directly into a database, for searches among many memories.

Events are left out, since no search reads them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mnemo_server.db.connect import connect
from mnemo_server.db.database import Connection, Database
from mnemo_server.db.dsn import parse_dsn
from mnemo_server.db.queries import QuerySet, load_queries, parse_queries
from mnemo_server.domain.clock import MICROSECONDS, system_clock
from mnemo_server.domain.ids import ID_EPOCH_MS, IdSource
from mnemo_server.domain.memories.memory import ACTIVE, StoredMemory, hash_content
from mnemo_server.embedding.local.minilm import MiniLmEmbedder
from mnemo_server.embedding.ports import Model
from mnemo_server.index.segments.vectors import Embedding, encode_tokens, encode_vector
from mnemo_server.services.indexing import index_memory
from mnemo_server.services.tenants import hash_key
from mnemo_server.stores.memories.rows import to_row
from mnemo_server.stores.memories.write import entry_row
from mnemo_server.stores.opening import open_stores

#: Rows in one transaction.
BATCH_ROWS = 5_000
_BATCH_SECONDS = 60.0
_INTERVAL_US = 60 * MICROSECONDS
_ID_BITS = 22  # of an id below its time

_BULK = """
-- name: put_embedded_entry
INSERT INTO search_entries (tenant_id, memory_id, revision, is_active, token_count, terms, session_key, seq,
  speaker, traits, changed_at, created_at, model_id, vector_code)
VALUES (:tenant_id, :memory_id, :revision, 1, :token_count, :terms, :session_key, :seq,
  :speaker, :traits, :changed_at, :created_at, :model_id, :vector_code);

-- name: put_token_codes
INSERT INTO search_vectors (tenant_id, memory_id, model_id, token_codes)
VALUES (:tenant_id, :memory_id, :model_id, :token_codes);"""

_NO_VECTOR: dict[str, Any] = {"model_id": 0, "vector_code": None}
_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filler:
    """Texts for any number of memories; with a model, `embeddings` has one for each text."""

    texts: Sequence[str]
    model: Model | None = None
    embeddings: Sequence[Embedding] = ()

    @classmethod
    def read_locally(cls, texts: Sequence[str]) -> Filler:
        """Embed the texts with the model that comes with the server, a hundredth of a second for each."""
        return asyncio.run(cls._read_locally(texts))

    @classmethod
    async def _read_locally(cls, texts: Sequence[str]) -> Filler:
        embedder = MiniLmEmbedder()
        try:
            return cls(texts, await embedder.prepare(), await embedder.embed_documents(texts))
        finally:
            await embedder.close()

    def write(self, dsn: str, api_key: str, count: int) -> None:
        """Write `count` memories of a tenant with these texts in turn, a minute apart, the last a minute old.

        The database must have its tables and the tenant.
        """
        asyncio.run(self._write(dsn, api_key, count))

    async def _write(self, dsn: str, api_key: str, count: int) -> None:
        database = await connect(parse_dsn(dsn))
        try:
            # Both functions read SQL files.
            stores = await asyncio.to_thread(open_stores, database, IdSource(system_clock), system_clock)
            memories = await asyncio.to_thread(load_queries, "memories", database.variant)
            record = await stores.tenants.find_key(hash_key(api_key))
            assert record is not None
            patterns = [_Pattern.of(record.tenant_id, text) for text in self.texts]
            if self.model is not None:
                name, dimensions = self.model.name, self.model.dimensions
                model_id = await stores.vectors.register_model(name, dimensions, system_clock())
                for pattern, embedding in zip(patterns, self.embeddings, strict=True):
                    pattern.add_vector(model_id, embedding)
            for rows in _make_rows(patterns, count):
                await _write(database, memories, rows)
        finally:
            await database.close()


@dataclass
class _Pattern:
    """The rows of one text, without id and time."""

    memory: _Row
    entry: _Row
    vector: _Row | None = None

    @classmethod
    def of(cls, tenant_id: int, text: str) -> _Pattern:
        written = index_memory(
            StoredMemory(
                tenant_id=tenant_id,
                id=0,
                content=text,
                memory_type="insight",
                state=ACTIVE,
                version=1,
                content_hash=hash_content(text),
                created_at=0,
                updated_at=0,
            )
        )
        return cls(to_row(written.memory), entry_row(written) | _NO_VECTOR)

    def add_vector(self, model_id: int, embedding: Embedding) -> None:
        code = encode_vector(embedding.vector)
        revision = self.entry["revision"] + 1
        self.entry |= {"revision": revision, "model_id": model_id, "vector_code": code}
        if len(embedding.tokens):
            codes = encode_tokens(embedding.tokens)
            tenant_id = self.entry["tenant_id"]
            self.vector = {"tenant_id": tenant_id, "model_id": model_id, "token_codes": codes}


@dataclass
class _Rows:
    """Rows by table."""

    memories: list[_Row] = field(default_factory=list)
    entries: list[_Row] = field(default_factory=list)
    vectors: list[_Row] = field(default_factory=list)


def _make_rows(patterns: Sequence[_Pattern], count: int) -> Iterator[_Rows]:
    first_at = system_clock() - count * _INTERVAL_US
    for first in range(0, count, BATCH_ROWS):
        rows = _Rows()
        for number in range(first, min(first + BATCH_ROWS, count)):
            created_at = first_at + number * _INTERVAL_US
            memory_id = (created_at // 1_000 - ID_EPOCH_MS) << _ID_BITS
            pattern = patterns[number % len(patterns)]
            rows.memories.append(
                pattern.memory | {"id": memory_id, "created_at": created_at, "updated_at": created_at}
            )
            rows.entries.append(
                pattern.entry | {"memory_id": memory_id, "created_at": created_at, "changed_at": created_at}
            )
            if pattern.vector is not None:
                rows.vectors.append(pattern.vector | {"memory_id": memory_id})
        yield rows


async def _write(database: Database, memories: QuerySet, rows: _Rows) -> None:
    bulk = parse_queries(_BULK, database.variant, origin=__name__)

    async def work(tx: Connection) -> None:
        await tx.execute_many(memories.put_memory, rows.memories)
        await tx.execute_many(bulk.put_embedded_entry, rows.entries)
        if rows.vectors:
            await tx.execute_many(bulk.put_token_codes, rows.vectors)

    await database.transact(work, deadline_seconds=_BATCH_SECONDS, only_inserts=True)
