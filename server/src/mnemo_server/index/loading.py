"""Reads all search entries of a tenant into memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mnemo_server.index.entries import EntryRow
from mnemo_server.index.merging import merge_segments
from mnemo_server.index.resident import ResidentTenant, prepare
from mnemo_server.index.segment import Segment
from mnemo_server.index.source import EntrySource
from mnemo_server.index.vectors import VectorSpace

CHUNK_ROWS = 20_000
"""Rows built at a time: few enough to keep the peak of memory low, many enough to join quickly."""

INLINE_ROWS = 200
"""So few rows are built in a millisecond; a thread would cost as much."""


async def load_tenant(source: EntrySource, tenant_id: int, space: VectorSpace) -> tuple[ResidentTenant, int]:
    """Return the tenant's index and the largest `changed_at` in it (0 when it is empty)."""
    chunks: list[Segment] = []
    rows: list[EntryRow] = []
    newest = 0
    async for page in source.load(tenant_id):
        rows.extend(page)
        newest = max(newest, max((row.changed_at for row in page), default=0))
        if len(rows) >= CHUNK_ROWS:
            chunks.append(await build_off_loop(rows, space))
            rows = []
    chunks.append(await build_off_loop(rows, space))
    segment = await asyncio.to_thread(merge_segments, chunks) if len(chunks) > 1 else chunks[0]
    return ResidentTenant((segment,) if segment.live_count else (), space), newest


async def build_off_loop(rows: Sequence[EntryRow], space: VectorSpace) -> Segment:
    """Build a segment of active rows, in a thread when it takes long."""
    if len(rows) <= INLINE_ROWS:
        return prepare(rows, space)[0]
    return (await asyncio.to_thread(prepare, rows, space))[0]
