"""One request for embeddings to an OpenAI-compatible endpoint, its answer checked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnemo_server import openai_client
from mnemo_server.embedding.answers import read_vectors
from mnemo_server.embedding.ports import EmbedderUnavailable, EmbeddingRefused
from mnemo_server.index.vectors import Floats32
from mnemo_server.openai_client import Access, EndpointUnavailable, Patience, RequestRefused

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class SettingsRefused(EmbeddingRefused):
    """The endpoint refuses the key, or knows no such model or path."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where embeddings are made."""

    model: str
    base_url: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    dimensions: int | None = None
    """Asked for when it is given."""

    @property
    def name(self) -> str:
        """Identify the model."""
        return self._access.name_model(self.model)

    def open_client(self) -> AsyncOpenAI:
        """Make a client; importing it takes a second, so call this in a thread.

        Raises:
            SettingsRefused: key or address can't be used.
        """
        try:
            return self._access.open_client()
        except openai_client.SettingsRefused as error:
            raise SettingsRefused(str(error)) from None

    async def embed(
        self, client: AsyncOpenAI, texts: Sequence[str], dimensions: int | None, patience: Patience
    ) -> list[Floats32]:
        """Send texts, none of them empty, as one request; return a vector of length 1 for each.

        Raises:
            EmbedderUnavailable: no answer in time, or a senseless one.
            SettingsRefused: the key, model or address is wrong.
            EmbeddingRefused: the request is.
        """
        from openai import omit  # noqa: PLC0415 - loaded with the client

        create = client.embeddings.with_raw_response.create
        try:
            content = await self._access.send(
                lambda: create(
                    input=list(texts),
                    model=self.model,
                    dimensions=self.dimensions or omit,
                    encoding_format="float",
                    timeout=patience.seconds,
                ),
                patience,
            )
        except EndpointUnavailable as error:
            raise EmbedderUnavailable(str(error)) from None
        except openai_client.SettingsRefused as error:
            raise SettingsRefused(str(error)) from None
        except RequestRefused as error:
            raise EmbeddingRefused(str(error)) from None
        # The numbers of a large answer take milliseconds to read.
        return await asyncio.to_thread(read_vectors, content, len(texts), dimensions)

    @property
    def _access(self) -> Access:
        return Access("embedding endpoint", "MNEMO_EMBED", self.base_url, self.api_key)
