"""The stored form of a document's terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.domain.search.analysis import analyse
from mnemo_server.index.segments.entries import add_facet, decode_terms, encode_terms, facet, hash_term

_documents = st.tuples(st.lists(st.text(max_size=3), max_size=20), st.lists(st.text(max_size=3), max_size=3))


@given(st.lists(_documents, max_size=8))
def test_decoding_returns_what_was_encoded(documents):
    packed = [encode_terms(tokens, [facet("tag", tag) for tag in tags]) for tokens, tags in documents]
    decoded = decode_terms(packed)
    start = 0
    for (tokens, tags), count in zip(documents, decoded.counts.tolist(), strict=True):
        expected = {hash_term(facet("tag", tag)): 0 for tag in tags}
        expected |= {hash_term(token): tokens.count(token) for token in tokens}
        hashes = decoded.hashes[start : start + count].tolist()
        assert hashes == sorted(expected)
        frequencies = decoded.frequencies[start : start + count].tolist()
        assert dict(zip(hashes, frequencies, strict=True)) == expected
        start += count


@given(_documents, st.text(max_size=3))
def test_adding_a_facet_equals_encoding_it_from_the_start(document, added):
    tokens, tags = document
    packed = encode_terms(tokens, [facet("tag", tag) for tag in tags])
    expected = encode_terms(tokens, [facet("tag", tag) for tag in {*tags, added}])
    assert add_facet(packed, facet("tag", added)) == expected
    assert add_facet(expected, facet("tag", added)) == expected


def test_the_layout_is_hashes_then_frequencies():
    """Databases contain entries in this format, so the bytes must not change."""
    assert encode_terms(["memory", "memory"], []).hex() == "bafbdd89fcb2a0e802"


def test_a_frequency_is_limited_to_255():
    assert encode_terms(["word"] * 1000, [])[-1] == 255


def test_a_damaged_entry_is_rejected():
    with pytest.raises(ValueError, match="10 bytes is damaged"):
        decode_terms([b"", b"0123456789"])


def test_no_text_can_produce_the_term_of_a_facet():
    assert facet("tag", "python") not in analyse(f"tag python {facet('tag', 'python')}")
    assert facet("tag", "a") != facet("agent_id", "a")
