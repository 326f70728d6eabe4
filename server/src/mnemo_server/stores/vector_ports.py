"""What the services need of stored vectors. Each method is one unit of work: all or nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.stores.ports import WrittenMemory


@dataclass(frozen=True, slots=True)
class NewVector:
    """What a model made of the text of a search entry."""

    entry: EntryRow
    """As it was when its text was read."""
    vector_code: bytes | None
    """None: the model will never take this text."""
    token_codes: bytes = b""
    components: tuple[float, ...] = ()
    """The vector itself; databases that can't search by it leave it."""


@dataclass(frozen=True, slots=True)
class Share:
    """One of so many equal parts of all memories, by their ids."""

    number: int
    count: int


EVERYTHING: Final = Share(0, 1)


@dataclass(frozen=True, slots=True)
class KnownModel:
    """An embedding model that some server has started with; the one chosen last embeds for all."""

    model_id: int
    name: str
    dimensions: int
    chosen_at: int


@dataclass(frozen=True, slots=True)
class VectorCount:
    """How many active search entries were given to a model, and how many of them have a vector."""

    total: int
    embedded: int


class VectorStore(Protocol):
    """The vectors of search entries, and the models that made them. Models are named by their numbers."""

    async def register_model(self, name: str, dimensions: int, now: int) -> int:
        """Give the number of a model, from 1 on, and make it the one chosen last."""

    async def list_models(self) -> list[KnownModel]:
        """List all models, the one chosen last at the end."""

    async def find_unembedded(
        self,
        model_ids: Sequence[int],
        *,
        limit: int,
        before: int,
        passing_over: Collection[int] = (),
        share: Share = EVERYTHING,
    ) -> list[WrittenMemory]:
        """Read memories whose text was given to one of these models, 0 for none.

        Of any tenant except those to pass over, however much of theirs there is. Only active ones, whose
        entries were changed before a time.
        """

    async def find_current(self, tenant_id: int, entries: Sequence[EntryRow]) -> list[bool]:
        """Say of each of some entries whether it is still as it was read: not changed, nor given a vector."""

    async def write(
        self, tenant_id: int, model_id: int, vectors: Sequence[NewVector], now: int
    ) -> list[EntryRow]:
        """Write vectors of a tenant's entries together, and give those entries as they are now.

        An entry that was changed since it was read is passed over.
        """

    async def count_waiting(self, model_ids: Sequence[int]) -> dict[int, int]:
        """Count the active entries of all tenants that were given to these models, 0 for none."""

    async def count_waiting_of_tenants(self, model_ids: Sequence[int], tenant_ids: Collection[int]) -> int:
        """Count the active entries of some tenants that were given to these models, 0 for none."""

    async def count_by_model(self, tenant_id: int) -> dict[int, VectorCount]:
        """Count a tenant's active entries by the model that they were given to, 0 for none."""
