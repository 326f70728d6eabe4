"""Vectors of texts, and the binary codes that the index keeps of them.

A vector is stored as the signs of its components; the vectors of a text's words are first projected into a
space of fewer dimensions by a fixed random projection. Bits are enough: on LoCoMo they find what floats find.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]
Words64 = NDArray[np.uint64]

TOKEN_BITS = 192
"""Bits in the binary code of one word's vector."""
TOKEN_BYTES = TOKEN_BITS // 8
STEPS = 4096
"""Vectors of questions are rounded to this many steps: sums of whole numbers are the same in any order and on
any machine, and the rounding changes a cosine by less than a thousandth."""
_PROJECTION_SEED = 1  # stored codes outlive this program, so the projection never changes
_WORD_BYTES = 8

_SIGNS = 2 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little") - np.float32(1)
_UNFOLDED_CODES = 256  # at a time: as floats they stay in the cache of one core


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """The space of the vectors in an index: only vectors of one model can be compared."""

    model_id: int
    dimensions: int

    @property
    def code_words(self) -> int:
        """Number of 64-bit words in the code of one vector."""
        return -(-self.dimensions // 64)


NO_VECTORS = VectorSpace(0, 0)


@dataclass(frozen=True, slots=True)
class Embedding:
    """The result of a model for one text."""

    vector: Floats32
    """(dimensions,), of length 1; all 0 for a text without any content."""
    tokens: Floats32
    """(tokens, dimensions), each of length 1: the pieces of its content words. No rows when the model returns
    only the vector of the whole text."""
    words: tuple[str, ...]
    """Per row of `tokens`: the whole word, in lower case, that the piece belongs to."""


@dataclass(frozen=True, slots=True)
class EmbeddedQuery:
    """The embedding of a question in the space of one model."""

    model_id: int
    embedding: Embedding


def encode_vector(vector: Floats32) -> bytes:
    """Return the signs of a vector, 1 for positive, padded to whole 64-bit words."""
    bits = np.packbits(vector > 0, bitorder="little").tobytes()
    return bits + b"\0" * (-len(bits) % _WORD_BYTES)


def encode_tokens(tokens: Floats32) -> bytes:
    """Return the signs of projected word vectors, `TOKEN_BYTES` each."""
    if not len(tokens):
        return b""
    return np.packbits(project_tokens(tokens) > 0, axis=1, bitorder="little").tobytes()


def project_tokens(tokens: Floats32) -> Floats32:
    """Return word vectors (n, dimensions) projected into the codes' space (n, `TOKEN_BITS`), of length 1."""
    projected = tokens @ _projection(tokens.shape[1])
    lengths = np.linalg.norm(projected, axis=1, keepdims=True)
    result: Floats32 = projected / np.maximum(lengths, np.float32(1e-9))
    return result


def round_to_steps(vectors: Floats32) -> Floats32:
    """Return vectors of length 1 as whole numbers, where `STEPS` represents 1."""
    result: Floats32 = np.round(vectors * np.float32(STEPS))
    return result


def sum_signs(codes: NDArray[np.uint8], steps: Floats32) -> Floats32:
    """Return (codes, vectors): the sums of a vector's components, each with its sign in a code.

    `codes` has the bytes of one code in each row; `steps` (vectors, dimensions) come from `round_to_steps`.
    The sums are whole numbers below 2**24, so they are exact in any order.
    """
    sums = np.empty((len(codes), len(steps)), dtype=np.float32)
    for begin in range(0, len(codes), _UNFOLDED_CODES):
        chunk = slice(begin, begin + _UNFOLDED_CODES)
        signs = _SIGNS.take(codes[chunk], axis=0).reshape(-1, 8 * codes.shape[1])
        np.matmul(signs[:, : steps.shape[1]], steps.T, out=sums[chunk])
    return sums


@lru_cache(maxsize=4)
def _projection(dimensions: int) -> Floats32:
    """Return an orthonormal basis (dimensions, `TOKEN_BITS`) of a random subspace.

    With fewer dimensions than bits the rows are orthonormal instead, which preserves cosines. Removing the
    signs of the diagonal makes the decomposition unique, and so the same on every machine.
    """
    gauss = np.random.default_rng(_PROJECTION_SEED).standard_normal((dimensions, TOKEN_BITS))
    is_tall = dimensions >= TOKEN_BITS
    basis, triangle = np.linalg.qr(gauss if is_tall else gauss.T)
    basis = (basis * np.sign(np.diag(triangle))).astype(np.float32)
    return basis if is_tall else np.ascontiguousarray(basis.T)
