"""One request for embeddings to an OpenAI-compatible endpoint, and the check of its response."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mnemo_server import openai_client
from mnemo_server.domain.budget import Reservation
from mnemo_server.domain.tokens import bound_tokens
from mnemo_server.embedding.ports import EmbedderUnavailable, EmbeddingRefused, Meter
from mnemo_server.embedding.remote.responses import Response, read_response
from mnemo_server.index.segments.vectors import Floats32
from mnemo_server.openai_client import Access, EndpointUnavailable, Patience, RequestRefused, never_went_out

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class SettingsRefused(EmbeddingRefused):
    """The endpoint rejects the key, or doesn't know the model or path."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that creates embeddings."""

    model: str
    base_url: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    dimensions: int | None = None
    """The vector length to request; None requests none."""

    @property
    def name(self) -> str:
        """The name that identifies the model."""
        return self._access.name_model(self.model)

    def open_client(self) -> AsyncOpenAI:
        """Return a client; importing it takes a second, so call this in a thread.

        Raises:
            SettingsRefused: key or address can't be used.
        """
        try:
            return self._access.open_client()
        except openai_client.SettingsRefused as error:
            raise SettingsRefused(str(error)) from None

    async def embed(
        self,
        client: AsyncOpenAI,
        texts: Sequence[str],
        dimensions: int | None,
        patience: Patience,
        meter: Meter,
    ) -> list[Floats32]:
        """Send texts, none of them empty, as one request; return a vector of length 1 for each.

        Tokens are reserved at the meter before each attempt.

        Raises:
            EmbedderUnavailable: no response in time, or an invalid one.
            SettingsRefused: the key, model or address is wrong.
            EmbeddingRefused: the request is wrong.
            OverBudget: the meter didn't allow it.
        """
        under_way: list[Reservation] = []
        try:
            content = await self._access.send(
                lambda: self._send(client, texts, patience, meter, under_way), patience
            )
        except EndpointUnavailable as error:
            raise EmbedderUnavailable(str(error)) from None
        except openai_client.SettingsRefused as error:
            raise SettingsRefused(str(error)) from None
        except RequestRefused as error:
            raise EmbeddingRefused(str(error)) from None
        response: Response | None = None
        try:
            # Parsing the numbers of a large response takes milliseconds.
            response = await asyncio.to_thread(read_response, content, len(texts), dimensions)
        finally:
            await meter.settle(under_way[-1], response.tokens if response else None)
        return response.vectors

    async def _send(
        self,
        client: AsyncOpenAI,
        texts: Sequence[str],
        patience: Patience,
        meter: Meter,
        under_way: list[Reservation],
    ) -> Any:
        """Send one request after reserving its tokens; append the reservation to `under_way`."""
        from openai import APIConnectionError, APIStatusError, omit  # noqa: PLC0415 - loaded with the client

        reservation = await meter.reserve(sum(map(bound_tokens, texts)))
        under_way.append(reservation)
        try:
            return await client.embeddings.with_raw_response.create(
                input=list(texts),
                model=self.model,
                dimensions=self.dimensions or omit,
                encoding_format="float",
                timeout=patience.seconds,
            )
        except APIStatusError:  # it was rejected
            await meter.release(reservation)
            raise
        except APIConnectionError as error:
            if never_went_out(error):
                await meter.release(reservation)
            raise

    @property
    def _access(self) -> Access:
        return Access("embedding endpoint", "MNEMO_EMBED", self.base_url, self.api_key)
