"""Vectors for any number of memories, mixed from the real ones of a few thousand texts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from mnemo_server.embedding.local.minilm import MiniLmEmbedder
from mnemo_server.embedding.ports import Model
from mnemo_server.index.segments.vectors import Floats32, encode_tokens, encode_vector
from numpy.typing import NDArray

from bench.search.texts import UNIT, Texts

#: Number of texts that are really embedded.
POOL: Final = 3_000
_SEED: Final = 1_000_000_007  # no unit of a database has it
_BATCH: Final = 32
_MIN_SHARE: Final = 0.3
_NOISE: Final = 0.3


@dataclass(frozen=True, slots=True)
class VectorPool:
    """Real embeddings, and the model that made them."""

    model: Model
    vectors: Floats32
    """(texts, dimensions), each of length 1."""
    codes: Sequence[bytes]
    """The codes of the words of each text."""

    def mix(self, count: int, random: np.random.Generator) -> tuple[list[bytes], list[bytes]]:
        """Return vectors and word codes of `count` memories, as the database stores them.

        Each vector is a mixture of two real ones with some noise; the word codes are those of the first.
        """
        first, second = random.integers(0, len(self.vectors), (2, count))
        near, far = random.uniform(_MIN_SHARE, 1, (2, count, 1)).astype(np.float32)
        noise = random.standard_normal((count, self.model.dimensions), dtype=np.float32)
        noise *= np.float32(_NOISE / np.sqrt(self.model.dimensions))
        mixed = near * self.vectors[first] + far * self.vectors[second] + noise
        return [encode_vector(vector) for vector in mixed], [self.codes[place] for place in first.tolist()]


def load_pool(path: Path) -> VectorPool:
    """Read what `make_pool` wrote."""
    with np.load(path) as data:
        ends: NDArray[np.int64] = data["ends"]
        packed = data["codes"].tobytes()
        starts = [0, *ends.tolist()[:-1]]
        codes = [packed[begin:end] for begin, end in zip(starts, ends.tolist(), strict=True)]
        model = Model(str(data["model"]), int(data["vectors"].shape[1]))
        return VectorPool(model, data["vectors"], codes)


async def make_pool(path: Path, count: int) -> None:
    """Embed `count` texts with the default model, which takes a minute for a few thousand.

    Raises:
        EmbeddingError: the model can't be loaded.
    """
    source = Texts(_SEED)
    texts = [text for _ in range(-(-count // UNIT)) for text in source.unit()][:count]
    embedder = MiniLmEmbedder()
    try:
        model = await embedder.prepare()
        embeddings = [
            embedding
            for begin in range(0, count, _BATCH)
            for embedding in await embedder.embed_documents(texts[begin : begin + _BATCH])
        ]
    finally:
        await embedder.close()
    codes = [encode_tokens(embedding.tokens) for embedding in embeddings]
    partial = path.with_suffix(".partial.npz")
    await asyncio.to_thread(
        np.savez,
        partial,
        model=model.name,
        vectors=np.stack([embedding.vector for embedding in embeddings]),
        codes=np.frombuffer(b"".join(codes), dtype=np.uint8),
        ends=np.cumsum([len(code) for code in codes]),
    )
    partial.replace(path)
