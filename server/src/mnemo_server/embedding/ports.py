"""The port of models that turn texts into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from mnemo_server.domain.budget import Reservation
from mnemo_server.index.segments.vectors import Embedding


@dataclass(frozen=True, slots=True)
class Model:
    """The model that creates vectors: two vectors can be compared when their models are equal."""

    name: str
    """Identifies the weights and the preparation of the text, such as `all-MiniLM-L6-v2-int8`."""
    dimensions: int
    """Length of a vector."""


class EmbeddingError(Exception):
    """No vectors could be created; the message says why, without the text or a key."""


class EmbedderUnavailable(EmbeddingError):
    """The model doesn't respond now; it may later."""


class EmbeddingRefused(EmbeddingError):
    """The model will never accept this text, or these settings."""


class OverBudget(EmbeddingError):
    """The payer's budget doesn't allow the request, so it wasn't sent."""


class Meter(Protocol):
    """The payer's budget: tokens are reserved before each request that costs money, and settled afterwards.

    A reservation that is neither settled nor released counts as spent; so a request with an unknown outcome
    needs no further call.
    """

    @property
    def payer(self) -> int:
        """The tenant who pays; 0: no tenant."""
        ...

    async def reserve(self, tokens: int) -> Reservation:
        """Reserve tokens for one request.

        Raises:
            OverBudget: there aren't enough tokens left.
        """
        ...

    async def settle(self, reservation: Reservation, tokens: int | None) -> None:
        """Record how many tokens were used; None when the model didn't report it: all reserved ones."""
        ...

    async def release(self, reservation: Reservation) -> None:
        """Record that the request cost nothing: it wasn't sent, or was rejected."""
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
    """Creates vectors. Never blocks the event loop; questions don't wait behind documents."""

    async def prepare(self) -> Model:
        """Load the model or ask the endpoint; afterwards the other methods may be called. Repeatable.

        Where models cost money, the one word that is embedded as a test is charged to no tenant.

        Raises:
            EmbedderUnavailable: it may work later.
            EmbeddingRefused: the settings are wrong.
        """
        ...

    async def embed_documents(self, texts: Sequence[str], meter: Meter = FREE) -> list[Embedding]:
        """Embed texts and return one embedding for each, in their order.

        Raises:
            EmbedderUnavailable: no text was embedded; try again later.
            EmbeddingRefused: at least one text can never be embedded; embed each alone to find out which.
            OverBudget: the texts cost more than the meter allows; fewer texts may be allowed.
        """
        ...

    async def embed_query(self, text: str, meter: Meter = FREE) -> Embedding:
        """Embed a question. Errors as in `embed_documents`."""
        ...

    async def close(self) -> None:
        """Release the resources of the model."""
        ...
