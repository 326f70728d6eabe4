"""What the search index needs from the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from mnemo_server.index.entries import EntryRow


class EntrySource(Protocol):
    """Reads the search entries of a tenant; times are microseconds UTC."""

    def load(self, tenant_id: int) -> AsyncIterator[list[EntryRow]]:
        """Give every active entry of the tenant, page by page."""
        ...

    async def changed_since(self, tenant_id: int, since: int) -> list[tuple[int, int, int]]:
        """List (memory_id, revision, changed_at) with changed_at >= since, deleted entries included."""
        ...

    async def get_entries(self, tenant_id: int, memory_ids: Sequence[int]) -> list[EntryRow]:
        """Read these entries, active or not; an id without an entry is left out."""
        ...

    async def get_token_codes(
        self, tenant_id: int, model_id: int, memory_ids: Sequence[int]
    ) -> dict[int, bytes]:
        """Read the codes of the words of these memories, as `vectors.encode_tokens` made them.

        A memory without a vector of this model is left out.
        """
        ...
