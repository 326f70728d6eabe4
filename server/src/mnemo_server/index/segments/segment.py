"""One immutable piece of a tenant's index: parallel arrays over documents and over postings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from sys import getsizeof

import numpy as np
from numpy.typing import NDArray

from mnemo_server.index.segments.entries import EntryRow, decode_terms
from mnemo_server.index.segments.vectors import NO_VECTORS, VectorSpace


@dataclass(frozen=True, slots=True)
class Segment:
    """Documents in ascending order of memory id, and the postings of their terms.

    An array is never written after the segment is created, so any thread may read it; `without` shares all
    arrays but `alive`.
    """

    memory_ids: NDArray[np.int64]
    revisions: NDArray[np.int64]
    lengths: NDArray[np.uint32]
    alive: NDArray[np.bool_]
    live_count: int
    live_length: int
    """Sum of the lengths of the live documents."""

    created: NDArray[np.int64]
    """When the memory was created, microseconds UTC."""

    space: VectorSpace
    codes: NDArray[np.uint64]
    """(words, documents): the signs of each vector, one column each, so that a scan reads sequentially."""
    has_code: NDArray[np.bool_]
    """Whether the document has a vector of this space."""

    session_keys: NDArray[np.int64]
    """Messages: the session; 0 for any other memory."""
    seqs: NDArray[np.int32]
    """Messages: place in the session."""
    speakers: NDArray[np.uint32]
    """The speaker, as a position in `speaker_names`."""
    speaker_names: tuple[str, ...]
    """Distinct, ascending; the empty string for no speaker."""
    traits: NDArray[np.uint8]
    """As `domain.search.traits` describes them."""
    thread_order: NDArray[np.uint32]
    """Positions of all messages, by session, place and memory id."""
    thread_places: NDArray[np.uint32]
    """Per document: its position in `thread_order`; 0 for one that isn't a message."""

    vocabulary: NDArray[np.uint64]
    """Hashes of the terms, ascending."""
    offsets: NDArray[np.int64]
    """The first posting of each term; one more element than there are terms."""
    ordinals: NDArray[np.uint32]
    """Per posting: the position of the document. In no particular order within a term."""
    frequencies: NDArray[np.uint8]
    """Per posting: how often the document contains the term; 0 for a facet."""

    @property
    def size_bytes(self) -> int:
        """RAM of the arrays and of the speakers' names, in bytes."""
        values = (getattr(self, field.name) for field in fields(self))
        arrays = sum(value.nbytes for value in values if isinstance(value, np.ndarray))
        return arrays + sum(map(getsizeof, self.speaker_names))

    def find_ordinals(self, memory_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the position of each memory, or -1 where it is absent or dead."""
        if not self.live_count or not len(memory_ids):
            return np.full(len(memory_ids), -1, dtype=np.int64)
        positions = np.minimum(np.searchsorted(self.memory_ids, memory_ids), len(self.memory_ids) - 1)
        found = (self.memory_ids[positions] == memory_ids) & self.alive[positions]
        return np.where(found, positions, -1)

    def without(self, ordinals: NDArray[np.int64]) -> Segment:
        """Return this segment with the live documents at `ordinals` (distinct) marked as dead."""
        alive = self.alive.copy()
        alive[ordinals] = False
        lost_length = int(self.lengths[ordinals].sum(dtype=np.int64))
        return replace(
            self,
            alive=alive,
            live_count=self.live_count - len(ordinals),
            live_length=self.live_length - lost_length,
        )

    def find_postings(self, hashes: NDArray[np.uint64]) -> list[slice]:
        """Return the slice of the postings of each term; an empty slice for an unknown term."""
        if not len(self.vocabulary):
            return [slice(0, 0)] * len(hashes)
        places = np.minimum(np.searchsorted(self.vocabulary, hashes), len(self.vocabulary) - 1)
        known = (self.vocabulary[places] == hashes).tolist()
        begins, ends = self.offsets[places].tolist(), self.offsets[places + 1].tolist()
        return [
            slice(begin, end) if is_known else slice(0, 0)
            for is_known, begin, end in zip(known, begins, ends, strict=True)
        ]


def build_segment(
    rows: Sequence[EntryRow], space: VectorSpace = NO_VECTORS, only: NDArray[np.uint64] | None = None
) -> Segment:
    """Return a segment of active entries with distinct memory ids, with only the vectors of `space`.

    With `only` (hashes, ascending) it contains only these terms and facets.
    """
    rows = sorted(rows, key=lambda row: row.memory_id)
    count = len(rows)
    decoded = decode_terms([row.terms for row in rows])
    if only is not None:
        decoded = decoded.only(only)
    ordinals = np.repeat(np.arange(count, dtype=np.uint32), decoded.counts)
    order = np.argsort(decoded.hashes, kind="stable")
    hashes = decoded.hashes[order]
    begins = np.flatnonzero(np.concatenate((hashes[:1] == hashes[:1], hashes[1:] != hashes[:-1])))
    lengths = np.fromiter((row.length for row in rows), dtype=np.uint32, count=count)
    names = [row.speaker or "" for row in rows]
    speaker_names = tuple(sorted(set(names)))
    numbers = {name: number for number, name in enumerate(speaker_names)}
    session_keys = np.fromiter((_session_key(row) for row in rows), dtype=np.int64, count=count)
    seqs = np.fromiter((row.seq or 0 for row in rows), dtype=np.int32, count=count)
    thread_order, thread_places = order_threads(session_keys, seqs)
    codes, has_code = _gather_codes(rows, space)
    return Segment(
        memory_ids=np.fromiter((row.memory_id for row in rows), dtype=np.int64, count=count),
        revisions=np.fromiter((row.revision for row in rows), dtype=np.int64, count=count),
        lengths=lengths,
        alive=np.ones(count, dtype=np.bool_),
        live_count=count,
        live_length=int(lengths.sum(dtype=np.int64)),
        created=np.fromiter((row.created_at for row in rows), dtype=np.int64, count=count),
        space=space,
        codes=codes,
        has_code=has_code,
        session_keys=session_keys,
        seqs=seqs,
        speakers=np.fromiter((numbers[name] for name in names), dtype=np.uint32, count=count),
        speaker_names=speaker_names,
        traits=np.fromiter((row.traits for row in rows), dtype=np.uint8, count=count),
        thread_order=thread_order,
        thread_places=thread_places,
        vocabulary=hashes[begins],
        offsets=np.append(begins, len(hashes)).astype(np.int64, copy=False),
        ordinals=ordinals[order],
        frequencies=decoded.frequencies[order],
    )


def order_threads(
    session_keys: NDArray[np.int64], seqs: NDArray[np.int32]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return `thread_order` and `thread_places` of a segment; messages of equal place keep their order."""
    sorted_all = np.lexsort((seqs, session_keys))
    order = sorted_all[session_keys[sorted_all] > 0].astype(np.uint32)
    places = np.zeros(len(session_keys), dtype=np.uint32)
    places[order] = np.arange(len(order), dtype=np.uint32)
    return order, places


def _gather_codes(
    rows: Sequence[EntryRow], space: VectorSpace
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return the codes of the rows' vectors, and which rows have a vector of this space."""
    size = space.code_words * 8
    fitting = [
        row.vector_code if row.model_id == space.model_id and len(row.vector_code or b"") == size else None
        for row in rows
    ]
    blank = bytes(size)
    packed = np.frombuffer(b"".join(code or blank for code in fitting), dtype="<u8")
    codes = packed.reshape(len(rows), space.code_words).T.astype(np.uint64, order="C")
    return codes, np.array([code is not None and size > 0 for code in fitting], dtype=np.bool_)


def _session_key(row: EntryRow) -> int:
    """Return the key of a row's session, 0 for none; without a place in it, a memory counts as outside."""
    return 0 if row.seq is None else row.session_key or 0
