from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.domain.ids import ID_EPOCH_MS, IdSource, decode_id, encode_id


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_an_encoded_id_can_be_decoded(number: int):
    text = encode_id(number)

    assert len(text) == 13
    assert decode_id(text) == number
    assert decode_id(text.upper()) == number


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_encoded_ids_sort_like_their_numbers(first: int, second: int):
    assert (encode_id(first) < encode_id(second)) == (first < second)


@given(st.text(max_size=20))
def test_decoding_any_text_returns_an_id_or_none(text: str):
    number = decode_id(text)

    assert number is None or encode_id(number) == text.lower()


def test_invalid_ids_are_rejected():
    assert decode_id("") is None
    assert decode_id("not-an-id") is None
    assert decode_id("u" * 13) is None  # not in the alphabet
    assert decode_id("z" * 13) is None  # more than 63 bits
    with pytest.raises(ValueError, match="is no id"):
        encode_id(-1)


def test_ids_increase_even_if_the_clock_goes_backwards():
    times = iter([5_000_000, 5_000_000, 1_000_000, 9_000_000])
    source = IdSource(lambda: (ID_EPOCH_MS * 1_000) + next(times))

    ids = [source.new_id() for _ in range(4)]

    assert ids == sorted(set(ids))


def test_ids_of_two_sources_sort_by_creation_time():
    early = IdSource(lambda: (ID_EPOCH_MS + 1) * 1_000).new_id()
    late = IdSource(lambda: (ID_EPOCH_MS + 2) * 1_000).new_id()

    assert early < late
