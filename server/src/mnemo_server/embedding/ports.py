"""What search needs of a model that turns texts into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mnemo_server.index.vectors import Embedding


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


class Embedder(Protocol):
    """Makes vectors. Never blocks the event loop; questions don't wait behind documents."""

    async def prepare(self) -> Model:
        """Load the model or ask the endpoint; the other methods may be called afterwards. Repeatable.

        Raises:
            EmbedderUnavailable: it may work later.
            EmbeddingRefused: the settings are wrong.
        """
        ...

    async def embed_documents(self, texts: Sequence[str]) -> list[Embedding]:
        """Embed texts, one embedding for each, in their order.

        Raises:
            EmbedderUnavailable: none was embedded; try again later.
            EmbeddingRefused: at least one of them will never be; ask for each alone to know which.
        """
        ...

    async def embed_query(self, text: str) -> Embedding:
        """Embed a question. Errors as in `embed_documents`."""
        ...

    async def close(self) -> None:
        """Free what the model holds."""
        ...
