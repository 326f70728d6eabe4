"""The port through which the search index reads the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.index.segments.vectors import Floats32


@dataclass(frozen=True, slots=True)
class Stretch:
    """The entries of a tenant whose memory ids are greater than `after` and at most `until`."""

    after: int
    until: int
    document_count: int
    """Number of its active entries."""
    length: int
    """Sum of their lengths."""


@dataclass(frozen=True, slots=True)
class NearQuery:
    """A request for the `count` vectors that have the largest cosines with `vector`."""

    model_id: int
    vector: Floats32
    """(dimensions,), of any length."""
    count: int
    created_from: int | None
    created_before: int | None
    """Only memories created within these times, as in `Scope`."""


class EntrySource(Protocol):
    """Reads the search entries of a tenant; times are microseconds UTC."""

    def load(self, tenant_id: int) -> AsyncIterator[list[EntryRow]]:
        """Yield all active entries of the tenant, page by page."""
        ...

    async def changed_since(self, tenant_id: int, since: int) -> list[tuple[int, int, int]]:
        """Return (memory_id, revision, changed_at) with changed_at >= since, including deleted entries."""
        ...

    async def get_entries(self, tenant_id: int, memory_ids: Sequence[int]) -> list[EntryRow]:
        """Return these entries, active or not; an id without an entry is left out."""
        ...

    async def get_token_codes(
        self, tenant_id: int, model_id: int, memory_ids: Sequence[int]
    ) -> dict[int, bytes]:
        """Return the codes of the words of these memories, as `vectors.encode_tokens` returned them.

        A memory without a vector of this model is left out.
        """
        ...

    async def measure_stretch(self, tenant_id: int, after: int) -> Stretch | None:
        """Return the next stretch of a tenant, as long as one statement can read in well under a second.

        None: there is no entry after `after`.
        """
        ...

    async def find_holders(self, tenant_id: int, stretch: Stretch, hashes: Sequence[int]) -> list[EntryRow]:
        """Return the active entries of a stretch that contain one of these terms or facets."""
        ...

    async def find_near(self, tenant_id: int, stretch: Stretch, wanted: NearQuery) -> list[tuple[int, bytes]]:
        """Return memory ids and codes of active entries of a stretch with a vector of the model.

        They include the nearest `count`, and may include others.
        """
        ...

    async def find_neighbours(self, tenant_id: int, memory_ids: Sequence[int], reach: int) -> list[EntryRow]:
        """Return for each message the `reach` active ones before and after it in its session.

        An entry may be returned several times; a memory that isn't a message of a session has no neighbours.
        """
        ...
