"""Checks the responses of remote models, and shortens texts to the length that these accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from mnemo_server.embedding.ports import EmbedderUnavailable
from mnemo_server.index.segments.vectors import Embedding, Floats32
from mnemo_server.openai_client import read_json, read_usage

TEXT_BYTES: Final = 8_000
"""Limit of the bytes of a text, in UTF-8, that are sent. OpenAI's models and Amazon's Titan accept about
8,190 tokens, and no tokenizer creates more tokens than there are bytes."""


_MOST_TOKENS: Final = 2**31
"""A larger number can't be the token count of one request."""


def cut_text(text: str) -> str:
    """Return the beginning of a text that can be sent, in whole characters; empty for a blank text."""
    encoded = text.strip()[:TEXT_BYTES].encode("utf-8", "replace")
    return encoded[:TEXT_BYTES].decode("utf-8", "ignore")


def read_vector(values: object, dimensions: int | None) -> Floats32:
    """Return returned numbers as a vector of length 1; `dimensions` None accepts any number of dimensions.

    Raises:
        EmbedderUnavailable: the values are not such a vector.
    """
    try:
        with np.errstate(over="ignore"):
            vector = np.asarray(values, np.float32)
    except (TypeError, ValueError, OverflowError):
        vector = np.zeros(0, np.float32)
    if vector.ndim != 1 or not vector.size:
        raise EmbedderUnavailable("The embedding model returned something other than a vector.")
    if dimensions is not None and len(vector) != dimensions:
        raise EmbedderUnavailable(
            f"The embedding model returned a vector of {len(vector)} dimensions instead of {dimensions}."
        )
    length = float(np.linalg.norm(vector.astype(np.float64)))
    if not np.isfinite(length) or not length:
        raise EmbedderUnavailable("The embedding model returned a vector without a direction.")
    return (vector / length).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Response:
    """The response of an OpenAI-compatible endpoint to some texts."""

    vectors: list[Floats32]
    """In the order of the texts."""
    tokens: int | None
    """Tokens used; None when the endpoint doesn't report them."""


def read_response(content: bytes, count: int, dimensions: int | None) -> Response:
    """Parse a response of an OpenAI-compatible endpoint.

    Raises:
        EmbedderUnavailable: it isn't such a response, or not one for `count` texts.
    """
    try:
        response = read_json(content)
        found = {int(entry["index"]): entry["embedding"] for entry in response["data"]}
    except (KeyError, TypeError, ValueError, OverflowError):
        raise EmbedderUnavailable(
            "The embedding endpoint returned something other than embeddings."
        ) from None
    if found.keys() != set(range(count)):
        raise EmbedderUnavailable(
            f"The embedding endpoint returned {len(found)} vectors for {count} texts, or misnumbered them."
        )
    vectors = [read_vector(found[place], dimensions) for place in range(count)]
    # Some endpoints that don't count tokens report 0.
    return Response(vectors, read_usage(response, "total_tokens", least=1, most=_MOST_TOKENS))


def whole_text(vector: Floats32) -> Embedding:
    """Return the embedding of a model that returns no vectors of words."""
    return Embedding(vector, np.zeros((0, len(vector)), np.float32), ())


def without_content(dimensions: int) -> Embedding:
    """Return the embedding of a blank text, for which no model is called."""
    return whole_text(np.zeros(dimensions, np.float32))
