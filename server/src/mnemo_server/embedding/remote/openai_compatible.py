"""Any endpoint with OpenAI's embeddings API: OpenAI, a gateway, or a self-hosted server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from mnemo_server.embedding.ports import FREE, EmbedderUnavailable, EmbeddingRefused, Meter, Model
from mnemo_server.embedding.remote.openai_endpoint import Endpoint, SettingsRefused
from mnemo_server.embedding.remote.responses import cut_text, whole_text, without_content
from mnemo_server.index.resident.single_flight import SingleFlight
from mnemo_server.index.segments.vectors import Embedding, Floats32
from mnemo_server.openai_client import Patience

if TYPE_CHECKING:
    from openai import AsyncOpenAI

REQUEST_TEXTS: Final = 64
"""Limit of texts in one request; OpenAI accepts 2,048, other servers far fewer."""

REQUEST_BYTES: Final = 256_000
"""Limit of bytes of text in one request: room for 32 long texts, so that these are paid for together or not
at all. OpenAI accepts 300,000 tokens, and a text never has more tokens than bytes."""

DOCUMENT_PATIENCE: Final = Patience(seconds=60)
QUERY_PATIENCE: Final = Patience(seconds=5, attempts=3)
"""A caller waits for the response; without it, search continues with words alone."""

#: The text that is embedded to find out the length of the vectors.
_SAMPLE: Final = "memory"


class OpenAiEmbedder:
    """Embeds at an endpoint; returns vectors of whole texts, none of words."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        for_documents: Patience = DOCUMENT_PATIENCE,
        for_queries: Patience = QUERY_PATIENCE,
    ) -> None:
        """Accept the endpoint, and the timeouts and retries for documents and for queries."""
        self._endpoint = endpoint
        self._for_documents = for_documents
        self._for_queries = for_queries
        self._client: AsyncOpenAI | None = None
        self._model: Model | None = None
        self._preparing = SingleFlight(self._prepare)
        self._is_open = True

    async def prepare(self) -> Model:
        """Embed one word, which shows whether the settings are right and how long the vectors are."""
        if self._model is None:
            await self._preparing.run()
        if self._model is None or not self._is_open:
            raise EmbedderUnavailable("The embedding endpoint was closed.")
        return self._model

    async def embed_documents(self, texts: Sequence[str], meter: Meter = FREE) -> list[Embedding]:
        """Embed the beginnings of texts, in as many requests as necessary, one after another."""
        model = await self.prepare()
        cut = [cut_text(text) for text in texts]
        embeddings = [without_content(model.dimensions) for _ in texts]
        for places in _plan_requests([len(text.encode()) for text in cut]):
            part = [cut[place] for place in places]
            vectors = await self._embed(model, part, self._for_documents, meter)
            for place, vector in zip(places, vectors, strict=True):
                embeddings[place] = whole_text(vector)
        return embeddings

    async def embed_query(self, text: str, meter: Meter = FREE) -> Embedding:
        """Embed the beginning of a question, in a separate request."""
        model = await self.prepare()
        cut = cut_text(text)
        if not cut:
            return without_content(model.dimensions)
        return whole_text((await self._embed(model, [cut], self._for_queries, meter))[0])

    async def close(self) -> None:
        """Close the connections."""
        self._is_open = False
        if self._client is not None:
            await self._client.close()

    async def _prepare(self) -> None:
        if self._model is not None or not self._is_open:
            return
        if self._client is None:
            self._client = await asyncio.to_thread(self._endpoint.open_client)
        vector = (await self._endpoint.embed(self._client, [_SAMPLE], None, self._for_documents, FREE))[0]
        wanted = self._endpoint.dimensions
        if wanted is not None and len(vector) != wanted:
            raise EmbeddingRefused(
                f"The model makes vectors of {len(vector)} dimensions, but MNEMO_EMBED_DIMS is {wanted}."
            )
        self._model = Model(self._endpoint.name, len(vector))

    async def _embed(
        self, model: Model, texts: Sequence[str], patience: Patience, meter: Meter
    ) -> list[Floats32]:
        """Send one request; settings that have become wrong count as temporary: the texts may be fine."""
        if self._client is None or not self._is_open:
            raise EmbedderUnavailable("The embedding endpoint was closed.")
        try:
            return await self._endpoint.embed(self._client, texts, model.dimensions, patience, meter)
        except SettingsRefused as refusal:
            raise EmbedderUnavailable(str(refusal)) from None


def _plan_requests(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Yield the texts of each request, by their places in `sizes` (bytes); empty texts are left out."""
    group: list[int] = []
    total = 0
    for place, size in enumerate(sizes):
        if group and (len(group) >= REQUEST_TEXTS or total + size > REQUEST_BYTES):
            yield group
            group, total = [], 0
        if size:
            group.append(place)
            total += size
    if group:
        yield group
