"""Reads all search entries of a tenant into memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mnemo_server.index.resident.segments import ResidentTenant, prepare
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.index.segments.merge import merge_segments
from mnemo_server.index.segments.segment import Segment
from mnemo_server.index.segments.vectors import VectorSpace
from mnemo_server.index.source import EntrySource

CHUNK_ROWS = 20_000
"""Rows per segment while loading: few enough for a low peak of RAM, many enough to merge quickly."""

INLINE_ROWS = 200
"""Up to this many rows are built in a millisecond; a thread would cost as much."""


class TenantTooLarge(Exception):
    """A tenant doesn't fit into RAM; `bytes_per_memory` is what each of its memories would take there."""

    def __init__(self, bytes_per_memory: float) -> None:
        super().__init__(f"at {bytes_per_memory:.0f} bytes a memory")
        self.bytes_per_memory = bytes_per_memory


async def load_tenant(
    source: EntrySource, tenant_id: int, space: VectorSpace, budget_bytes: int
) -> tuple[ResidentTenant, int]:
    """Return the tenant's index, and the largest `changed_at` in it (0 when it is empty).

    Raises:
        TenantTooLarge: it would take more than the budget.
    """
    chunks: list[Segment] = []
    rows: list[EntryRow] = []
    newest = 0
    async for page in source.load(tenant_id):
        rows.extend(page)
        newest = max(newest, max((row.changed_at for row in page), default=0))
        if len(rows) >= CHUNK_ROWS:
            chunks.append(await build_off_loop(rows, space))
            rows = []
            check_size(chunks, budget_bytes)
    chunks.append(await build_off_loop(rows, space))
    segment = await asyncio.to_thread(merge_segments, chunks) if len(chunks) > 1 else chunks[0]
    check_size([segment], budget_bytes)
    return ResidentTenant((segment,) if segment.live_count else (), space), newest


def check_size(segments: Sequence[Segment], budget_bytes: int) -> None:
    """Raise TenantTooLarge if segments take more than the budget."""
    size_bytes = sum(segment.size_bytes for segment in segments)
    if size_bytes > budget_bytes:
        raise TenantTooLarge(size_bytes / max(sum(segment.live_count for segment in segments), 1))


async def build_off_loop(rows: Sequence[EntryRow], space: VectorSpace) -> Segment:
    """Return a segment of the active rows, built in a thread when that takes long."""
    if len(rows) <= INLINE_ROWS:
        return prepare(rows, space)[0]
    return (await asyncio.to_thread(prepare, rows, space))[0]
