"""TiDB Cloud's EMBED_TEXT: the database calls the model, and no key leaves the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mnemo_server.db.database import Database
from mnemo_server.db.errors import DatabaseError, DatabaseUnavailable, WriteConflict
from mnemo_server.db.queries import Query, load_queries
from mnemo_server.domain.tokens import estimate_tokens
from mnemo_server.embedding.ports import FREE, EmbedderUnavailable, EmbeddingRefused, Meter, Model
from mnemo_server.embedding.remote.responses import cut_text, read_vector, whole_text, without_content
from mnemo_server.index.resident.single_flight import SingleFlight
from mnemo_server.index.segments.vectors import Embedding, Floats32
from mnemo_server.openai_client import read_json

#: The text that is embedded to find out whether it works and how long the vectors are.
_SAMPLE: Final = "memory"
_TIDB: Final = "tidb"


class EmbedTextEmbedder:
    """Embeds by a function of the database; returns vectors of whole texts, none of words."""

    def __init__(self, database: Database, model: str) -> None:
        """Accept the database and the model's name there, such as `tidbcloud_free/amazon/…`."""
        self._database = database
        self._model_name = model
        self._query: Query | None = None
        self._model: Model | None = None
        self._preparing = SingleFlight(self._prepare)

    async def prepare(self) -> Model:
        """Test the function once: only TiDB Cloud has it, and not in every cluster."""
        if self._model is None:
            await self._preparing.run()
        if self._model is None:
            raise EmbedderUnavailable("The database's embedding model isn't known yet.")
        return self._model

    async def embed_documents(self, texts: Sequence[str], meter: Meter = FREE) -> list[Embedding]:
        """Embed the beginnings of texts, one after another: others need the database's connections too.

        They are paid for together. Every error counts as temporary: the database reports limits and its
        provider's failures with the same numbers, and a text that can be stored can be embedded.
        """
        model = await self.prepare()
        cut = [cut_text(text) for text in texts]
        embeddings = [without_content(model.dimensions) for _ in texts]
        if not any(cut):
            return embeddings
        reservation = await meter.reserve(sum(map(estimate_tokens, filter(None, cut))))
        spent = 0
        try:
            for place, text in enumerate(cut):
                if text:
                    spent += estimate_tokens(text)
                    embeddings[place] = whole_text(await self._embed(text, model.dimensions))
        except DatabaseError as error:
            raise EmbedderUnavailable(f"The database couldn't embed the text ({error}).") from None
        finally:
            # The database doesn't report how many tokens a text took, or whether a failure was charged.
            await meter.settle(reservation, spent)
        return embeddings

    async def embed_query(self, text: str, meter: Meter = FREE) -> Embedding:
        """Embed the beginning of one text; errors as for documents."""
        return (await self.embed_documents([text], meter))[0]

    async def close(self) -> None:
        """Do nothing: the caller owns the database."""

    async def _prepare(self) -> None:
        if self._model is not None:
            return
        if self._database.engine != _TIDB:
            raise _refusal(f"it is {self._database.engine}")
        await asyncio.to_thread(self._load_query)
        try:
            vector = await self._embed(_SAMPLE, None)
        except (DatabaseUnavailable, WriteConflict) as error:
            raise EmbedderUnavailable(f"The database couldn't embed the text ({error}).") from None
        except DatabaseError as error:
            raise _refusal(str(error)) from None
        self._model = Model(f"tidb:{self._model_name}", len(vector))

    def _load_query(self) -> None:
        """Read the SQL file; don't call this in the event loop."""
        _queries = load_queries("embedding", self._database.variant)
        # As plain text: it isn't documented that the function accepts parameters of a prepared statement.
        self._query = replace(_queries.embed_text, prepared=None)

    async def _embed(self, text: str, dimensions: int | None) -> Floats32:
        if self._query is None:
            raise EmbedderUnavailable("The database's embedding model wasn't prepared.")
        row = await self._database.fetch_one(self._query, {"model": self._model_name, "text": text})
        try:
            values = read_json(row["vector"]) if row else None
        except (TypeError, ValueError):
            values = None
        return read_vector(values, dimensions)


def _refusal(reason: str) -> EmbeddingRefused:
    return EmbeddingRefused(
        f"This database can't embed texts with EMBED_TEXT ({reason.rstrip('.')}). TiDB Cloud can, with the "
        "models it offers for MNEMO_EMBED_AUTO_MODEL; elsewhere set MNEMO_EMBEDDER to local, openai or none."
    )
