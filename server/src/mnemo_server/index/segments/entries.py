"""The stored form of a memory's search terms: hashes and frequencies in a few bytes.

Layout, little-endian, for n terms: n x uint64 hash in ascending order, then n x uint8 term frequency. A facet
(a filter, such as a tag) is a term of frequency 0: it is found like any other term and has no weight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HASH_BYTES = 8
TERM_BYTES = HASH_BYTES + 1
MAX_FREQUENCY = 255
_FEW_HASHES = 32  # up to this number, searching the bytes is faster than unpacking

REVISIONS_PER_VERSION = 1024
"""Room for changes of an entry between two versions of its memory: deletion and writes of vectors."""


class EntryRow(NamedTuple):
    """One memory's search entry; a tuple, since a load creates millions of them."""

    memory_id: int
    revision: int
    """Counts the changes of the entry: a higher revision is newer. See `revision_of`."""
    changed_at: int
    """Microseconds UTC, by the clock of the server that wrote it."""
    is_active: bool
    length: int
    """Number of terms of the document, including repeats."""
    terms: bytes
    """As `encode_terms` returns them."""
    session_key: int | None = None
    """Messages: `hash_session` of the session's id."""
    seq: int | None = None
    """Messages: place in the session."""
    speaker: str | None = None
    """Messages: the speaker's name, or else the role."""
    traits: int = 0
    """As `domain.search.traits.describe` returns them."""
    created_at: int = 0
    """Microseconds UTC: when the memory was created, or the message was said."""
    model_id: int = 0
    """Embedding model that received the text; 0 for none yet."""
    vector_code: bytes | None = None
    """As `vectors.encode_vector` returns it; None without a vector, also when the model rejected the text."""


def revision_of(version: int) -> int:
    """Return the first revision of an entry for a version of its memory."""
    return version * REVISIONS_PER_VERSION


def facet(field: str, value: str) -> str:
    """Return the term that represents a filter; no analysed text can contain it."""
    return f"\x1f{field}\x1f{value}"


@lru_cache(maxsize=131_072)
def hash_term(term: str) -> int:
    """Return the unsigned 64-bit number by which a term or facet is indexed."""
    digest = blake2b(term.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES).digest()
    return int.from_bytes(digest, "little")


def hash_session(session_id: str) -> int:
    """Return the positive 63-bit number that represents a session; never 0, which means no session."""
    return hash_term(facet("session_id", session_id)) >> 1 or 1


def hash_terms(terms: Iterable[str]) -> NDArray[np.uint64]:
    """Return the distinct hashes of terms in ascending order."""
    return np.array(sorted(set(map(hash_term, terms))), dtype=np.uint64)


def encode_terms(tokens: Sequence[str], facets: Sequence[str]) -> bytes:
    """Pack the terms of a document with their frequencies (at most 255), and its facets."""
    frequencies = dict.fromkeys(map(hash_term, facets), 0)
    for token, count in Counter(tokens).items():
        frequencies[hash_term(token)] = min(count, MAX_FREQUENCY)
    ordered = sorted(frequencies.items())
    hashes = np.array([term for term, _ in ordered], dtype="<u8")
    return hashes.tobytes() + bytes(count for _, count in ordered)


def add_facet(packed: bytes, name: str) -> bytes:
    """Return the packed terms of a document with one more facet, unchanged if it has the facet already."""
    terms = decode_terms((packed,))
    facet_hash = hash_term(name)
    place = int(np.searchsorted(terms.hashes, np.uint64(facet_hash)))
    if place < len(terms.hashes) and int(terms.hashes[place]) == facet_hash:
        return packed
    hashes = np.insert(terms.hashes, place, np.uint64(facet_hash)).astype("<u8")
    return hashes.tobytes() + np.insert(terms.frequencies, place, 0).tobytes()


@dataclass(frozen=True, slots=True)
class DecodedTerms:
    """The terms of many documents, one document after another."""

    hashes: NDArray[np.uint64]
    frequencies: NDArray[np.uint8]
    counts: NDArray[np.int64]
    """Number of terms of each document."""

    def only(self, hashes: NDArray[np.uint64]) -> DecodedTerms:
        """Return the documents with only these terms (hashes, ascending)."""
        kept = _are_among(self.hashes, hashes)
        document = np.repeat(np.arange(len(self.counts)), self.counts)[kept]
        counts = np.bincount(document, minlength=len(self.counts))
        return DecodedTerms(self.hashes[kept], self.frequencies[kept], counts)


def find_holders(packed: Sequence[bytes], hashes: Sequence[int]) -> list[int]:
    """Return the positions of the documents that contain one of these terms or facets, ascending.

    A document whose bytes contain a hash by chance is returned too: one in 10^17.
    """
    if len(hashes) > _FEW_HASHES:
        wanted = np.array(sorted(hashes), dtype=np.uint64)
        return np.flatnonzero(decode_terms(packed).only(wanted).counts).tolist()
    holders: set[int] = set()
    for term in (number.to_bytes(HASH_BYTES, "little") for number in hashes):
        holders.update(position for position, terms in enumerate(packed) if term in terms)
    return sorted(holders)


def _are_among(values: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.bool_]:
    if not len(wanted):
        return np.zeros(len(values), dtype=np.bool_)
    places = np.minimum(np.searchsorted(wanted, values), len(wanted) - 1)
    among: NDArray[np.bool_] = wanted[places] == values
    return among


def decode_terms(packed: Sequence[bytes]) -> DecodedTerms:
    """Unpack the terms of many documents at once.

    Raises:
        ValueError: the size of one of them doesn't match any number of terms.
    """
    sizes = np.fromiter(map(len, packed), dtype=np.int64, count=len(packed))
    counts, rest = np.divmod(sizes, TERM_BYTES)
    if rest.any():
        raise ValueError(
            f"A search entry of {sizes[rest > 0][0]} bytes is damaged: no multiple of {TERM_BYTES}."
        )
    data = np.frombuffer(b"".join(packed), dtype=np.uint8)
    spans = np.stack((counts * HASH_BYTES, counts), axis=1).ravel()
    is_hash = np.repeat(np.tile(np.array([True, False]), len(packed)), spans)
    hashes = data[is_hash].view("<u8").astype(np.uint64, copy=False)
    return DecodedTerms(hashes, data[~is_hash], counts)
