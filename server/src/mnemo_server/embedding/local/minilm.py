"""The local model, all-MiniLM-L6-v2: no network, no key, about ten milliseconds per text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

from mnemo_server.embedding.local.passages import Reading, embed_reading, plan_runs, read_document, read_query
from mnemo_server.embedding.local.weights import Network, load_network
from mnemo_server.embedding.local.wordpiece import load_wordpiece
from mnemo_server.embedding.ports import FREE, EmbedderUnavailable, Meter, Model
from mnemo_server.index.resident.single_flight import SingleFlight
from mnemo_server.index.segments.vectors import Embedding, Floats32

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class MiniLmEmbedder:
    """Embeds on this machine's CPU, with one thread for documents and another for questions.

    Documents of several callers take turns run by run.
    """

    def __init__(self, *, model_path: Path | None = None, threads: int = 1) -> None:
        """Accept the file to load (None: the packaged one) and the number of threads for one run."""
        self._model_path = model_path
        self._threads = threads
        self._network: Network | None = None
        self._loading = SingleFlight(self._load)
        self._document_thread = ThreadPoolExecutor(1, thread_name_prefix="embed-documents")
        self._query_thread = ThreadPoolExecutor(1, thread_name_prefix="embed-queries")
        self._is_open = True

    async def prepare(self) -> Model:
        """Load the model, once.

        Raises:
            EmbeddingRefused: it can't be loaded; the sentence says how to fix that.
        """
        return (await self._loaded()).model

    async def embed_documents(
        self,
        texts: Sequence[str],
        meter: Meter = FREE,  # noqa: ARG002 - costs nothing
    ) -> list[Embedding]:
        """Embed the beginnings of texts, about a thousand pieces of each."""
        network = await self._loaded()
        thread = self._document_thread
        readings = [await self._call(thread, _read_document, text) for text in texts]
        passages = [passage for reading in readings for passage in reading.passages]
        states: dict[int, Floats32] = {}
        for places in plan_runs([len(passage) for passage in passages]):
            run = [passages[place] for place in places]
            found = await self._call(thread, network.run, run)
            states.update(zip(places, found, strict=True))
        in_order = iter([states[place] for place in range(len(passages))])
        parts = [[next(in_order) for _ in reading.passages] for reading in readings]
        return await self._call(thread, _embed_documents, network, readings, parts)

    async def embed_query(self, text: str, meter: Meter = FREE) -> Embedding:  # noqa: ARG002 - costs nothing
        """Embed the beginning of a question."""
        network = await self._loaded()
        return await self._call(self._query_thread, _embed_query, network, text)

    async def close(self) -> None:
        """End both threads after their current runs, and release the model."""
        self._is_open = False
        for thread in (self._document_thread, self._query_thread):
            await asyncio.to_thread(thread.shutdown)
        self._network = None

    async def _loaded(self) -> Network:
        if self._network is None:
            await self._loading.run()
        if self._network is None:  # closed in the meantime
            raise EmbedderUnavailable("The embedding model is closed.")
        return self._network

    async def _load(self) -> None:
        if self._network is None:
            await self._call(self._query_thread, load_wordpiece)
            self._network = await self._call(
                self._document_thread, load_network, self._model_path, self._threads
            )

    async def _call(self, thread: ThreadPoolExecutor, work: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
        """Run a function in one of the threads."""
        if not self._is_open:
            raise EmbedderUnavailable("The embedding model is closed.")
        return await asyncio.get_running_loop().run_in_executor(thread, work, *args)


def _read_document(text: str) -> Reading:
    return read_document(load_wordpiece(), text)


def _embed_documents(
    network: Network, readings: Sequence[Reading], parts: Sequence[Sequence[Floats32]]
) -> list[Embedding]:
    dimensions = network.model.dimensions
    return [embed_reading(reading, part, dimensions) for reading, part in zip(readings, parts, strict=True)]


def _embed_query(network: Network, text: str) -> Embedding:
    reading = read_query(load_wordpiece(), text)
    states = network.run(reading.passages) if reading.passages else []
    return embed_reading(reading, states, network.model.dimensions, is_query=True)
