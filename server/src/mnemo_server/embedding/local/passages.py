"""Cuts texts into passages that the local model can read at once, and joins the results as embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mnemo_server.embedding.content import find_content, find_lettered
from mnemo_server.embedding.local.wordpiece import Pieces, WordPiece
from mnemo_server.index.segments.vectors import Embedding, Floats32

PASSAGE_PIECES: Final = 254
"""Pieces of one passage: the model was built for 256, including the marks at both ends."""

DOCUMENT_PASSAGES: Final = 4
"""Limit of passages read of a document. Its first thousand pieces show what it is about; each passage takes
as long as seven memories of common length."""

RUN_PIECES: Final = 256
"""Pieces in one run, including padding: enough to make short texts a third faster than one by one, and done
in a tenth of a second, so that little memory is used and a question doesn't wait long."""

#: Limit of characters read for each piece. English has four; runs of spaces and nonsense have more.
_PIECE_CHARACTERS: Final = 32


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the model reads it."""

    pieces: Pieces
    passages: list[list[int]]
    """Ids of the pieces of each passage, with the marks at both ends; none for a text without pieces."""


def read_document(wordpiece: WordPiece, text: str) -> Reading:
    """Split the beginning of a document into passages."""
    return _read(wordpiece, text, DOCUMENT_PASSAGES * PASSAGE_PIECES)


def read_query(wordpiece: WordPiece, text: str) -> Reading:
    """Return the beginning of a question as one passage."""
    return _read(wordpiece, text, PASSAGE_PIECES)


def plan_runs(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the passages of each run, by their places in `lengths`: passages of similar length."""
    group: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if group and (len(group) + 1) * lengths[place] > RUN_PIECES:
            yield group
            group = []
        group.append(place)
    if group:
        yield group


def embed_reading(
    reading: Reading, states: Sequence[Floats32], dimensions: int, *, is_query: bool = False
) -> Embedding:
    """Return the embedding from the model's output for each passage (pieces with both marks, dimensions).

    The vector is the mean over all places, so that longer passages count more. A question that consists only
    of stop words keeps those.
    """
    if not states:
        return Embedding(np.zeros(dimensions, np.float32), np.zeros((0, dimensions), np.float32), ())
    total = np.sum([part.sum(axis=0) for part in states], axis=0)
    words = reading.pieces.words
    places = find_content(words)
    if is_query and not places:
        places = find_lettered(words)
    tokens = np.concatenate([part[1:-1] for part in states])[places]
    return Embedding(_to_unit(total), _to_unit(tokens), tuple(words[place] for place in places))


def _read(wordpiece: WordPiece, text: str, limit: int) -> Reading:
    pieces = wordpiece.cut(text[: limit * _PIECE_CHARACTERS], limit=limit)
    passages = [
        [wordpiece.start_id, *pieces.ids[start : start + PASSAGE_PIECES], wordpiece.end_id]
        for start in range(0, len(pieces.ids), PASSAGE_PIECES)
    ]
    return Reading(pieces, passages)


def _to_unit(vectors: Floats32) -> Floats32:
    """Return a vector, or each row of a matrix, scaled to length 1."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats32 = (vectors / np.maximum(lengths, np.float32(1e-9))).astype(np.float32, copy=False)
    return unit
