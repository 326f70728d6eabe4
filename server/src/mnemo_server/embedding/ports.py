"""What search needs of a model that turns texts into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from mnemo_server.domain.budget import Reservation
from mnemo_server.index.segments.vectors import Embedding


@dataclass(frozen=True, slots=True)
class Model:
    """Which model makes the vectors: two vectors can be compared when their models are equal."""

    name: str
    """Identifies weights and preparation of the text, such as `all-MiniLM-L6-v2-int8`."""
    dimensions: int
    """Length of a vector."""


class EmbeddingError(Exception):
    """No vectors could be made; the message says why, without the text or a key."""


class EmbedderUnavailable(EmbeddingError):
    """The model doesn't answer now; it may later."""


class EmbeddingRefused(EmbeddingError):
    """The model will never take this text, or these settings."""


class OverBudget(EmbeddingError):
    """The budget of whoever pays doesn't allow the request, so it wasn't sent."""


class Meter(Protocol):
    """Whoever pays: asked for leave before each request that costs something, and told what it cost.

    What is neither settled nor released counts as spent; so a request whose end nobody knows is left alone.
    """

    @property
    def payer(self) -> int:
        """The tenant who pays, 0 for nobody."""
        ...

    async def reserve(self, tokens: int) -> Reservation:
        """Set tokens aside for one request.

        Raises:
            OverBudget: there are not so many left.
        """
        ...

    async def settle(self, reservation: Reservation, tokens: int | None) -> None:
        """Say how many it took; None when the model didn't tell: then as many as were set aside."""
        ...

    async def release(self, reservation: Reservation) -> None:
        """Say that the request cost nothing: it didn't go out, or was turned down."""
        ...


class FreeMeter:
    """A meter for models that cost nothing."""

    payer = 0

    async def reserve(self, tokens: int) -> Reservation:
        """See `Meter`."""
        return Reservation(0, "embedding", 0, tokens)

    async def settle(self, reservation: Reservation, tokens: int | None) -> None:
        """See `Meter`."""

    async def release(self, reservation: Reservation) -> None:
        """See `Meter`."""


FREE: Final[Meter] = FreeMeter()


class Embedder(Protocol):
    """Makes vectors. Never blocks the event loop; questions don't wait behind documents."""

    async def prepare(self) -> Model:
        """Load the model or ask the endpoint; the other methods may be called afterwards. Repeatable.

        Where models cost something, the one word that is embedded to try them is on nobody's account.

        Raises:
            EmbedderUnavailable: it may work later.
            EmbeddingRefused: the settings are wrong.
        """
        ...

    async def embed_documents(self, texts: Sequence[str], meter: Meter = FREE) -> list[Embedding]:
        """Embed texts, one embedding for each, in their order.

        Raises:
            EmbedderUnavailable: none was embedded; try again later.
            EmbeddingRefused: at least one of them will never be; ask for each alone to know which.
            OverBudget: they cost more than the meter allows; fewer of them may not.
        """
        ...

    async def embed_query(self, text: str, meter: Meter = FREE) -> Embedding:
        """Embed a question. Errors as in `embed_documents`."""
        ...

    async def close(self) -> None:
        """Free what the model holds."""
        ...
