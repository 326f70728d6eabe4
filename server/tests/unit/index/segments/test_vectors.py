"""The binary codes of vectors are stored in databases, so they never change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.index.ranking.late_interaction import match_tokens
from mnemo_server.index.segments.vectors import (
    TOKEN_BYTES,
    encode_tokens,
    encode_vector,
    project_tokens,
    round_to_steps,
    sum_signs,
)


def _waves(dimensions, count=3):
    """Return vectors that are the same on every machine; no component or projection is near 0."""
    places = np.arange(dimensions)
    rows = np.array([np.cos(0.7 * places * (row + 1) + row) for row in range(count)])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _random(dimensions, count, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, dimensions))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("dimensions", "first", "second"),
    [
        (64, "ab9f239dfae9381b", "30a6daa43308ca09"),
        (100, "ab9a639e9829380a", "332cfaa43088ca18"),
        (384, "caff4157996d4982", "37129ea4a22b9b60"),
    ],
)
def test_token_codes_never_change(dimensions, first, second):
    codes = encode_tokens(_waves(dimensions))
    assert len(codes) == 3 * TOKEN_BYTES
    assert (codes[:8].hex(), codes[TOKEN_BYTES:][:8].hex()) == (first, second)


def test_vector_codes_never_change():
    assert encode_vector(_waves(384)[0])[:8].hex() == "870f1f3e7cf8f0e1"
    assert encode_vector(np.array([0.5, -0.5, 0, 1], dtype=np.float32)).hex() == "0900000000000000"


@pytest.mark.parametrize(("dimensions", "size"), [(64, 8), (65, 16), (100, 16), (384, 48)])
def test_a_code_consists_of_whole_64_bit_words(dimensions, size):
    code = encode_vector(np.ones(dimensions, dtype=np.float32))
    assert int.from_bytes(code, "little") == 2**dimensions - 1
    assert len(code) == size


@given(st.integers(1, 40), st.integers(0, 5))
def test_a_token_has_the_same_code_in_any_text(count, seed):
    """Only the sign of a projection near 0 may differ when more tokens are projected together."""
    tokens = _random(384, count, seed)
    assert encode_tokens(tokens) == encode_tokens(tokens.copy())
    together = np.frombuffer(encode_tokens(tokens), dtype=np.uint8).reshape(count, TOKEN_BYTES)
    for row in range(count):
        alone = np.frombuffer(encode_tokens(tokens[row : row + 1]), dtype=np.uint8)
        differs = np.unpackbits(alone ^ together[row], bitorder="little").astype(bool)
        assert np.abs(project_tokens(tokens[row : row + 1])[0][differs]).max(initial=0) < 1e-6


def test_a_text_without_tokens_has_no_codes():
    assert encode_tokens(np.empty((0, 384), dtype=np.float32)) == b""


@pytest.mark.parametrize("dimensions", [64, 100, 192, 256])
def test_projection_keeps_directions(dimensions):
    tokens = _random(dimensions, 50)
    projected = project_tokens(tokens)
    assert projected.shape == (50, 192)
    assert np.linalg.norm(projected, axis=1) == pytest.approx(1, abs=1e-5)
    error = np.abs(projected @ projected.T - tokens @ tokens.T).max()
    assert error < (1e-5 if dimensions <= 192 else 0.3)


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 600])
@pytest.mark.parametrize("dimensions", [64, 100, 384])
def test_sums_of_signs_are_exact_for_any_number_of_codes(count, dimensions):
    vectors, steps = _random(dimensions, count), round_to_steps(_random(dimensions, 3, seed=1))
    codes = np.frombuffer(b"".join(map(encode_vector, vectors)), dtype=np.uint8)
    sums = sum_signs(codes.reshape(count, -(-dimensions // 64) * 8), steps)
    expected = np.where(vectors > 0, 1, -1) @ steps.astype(np.int64).T
    assert np.array_equal(sums, expected)


def test_a_token_is_matched_with_the_nearest_token_of_each_memory():
    """With signs alone, the similarity of a token to itself is about 0.8."""
    words = _random(384, 6)
    codes = [encode_tokens(words[:3]), b"", encode_tokens(words[3:]), b"", encode_tokens(words[5:])]
    similarities = match_tokens(words[[1, 5]], codes)
    assert similarities.shape == (2, 5)
    assert (similarities[0, 0], similarities[1, 2]) == (
        pytest.approx(0.8, abs=0.05),
        pytest.approx(0.8, abs=0.05),
    )
    assert similarities[1, 2] == similarities[1, 4]
    assert similarities[:, [1, 3]].max() == 0
    assert similarities[0, 2] < 0.4
    assert (similarities >= 0).all()


@pytest.mark.parametrize("codes", [[], [b""], [b"", b""]])
def test_memories_without_tokens_match_nothing(codes):
    assert match_tokens(_random(384, 2), codes).tolist() == [[0.0] * len(codes)] * 2


def test_a_question_without_tokens_matches_nothing():
    assert match_tokens(_random(384, 0), [encode_tokens(_random(384, 2))]).shape == (0, 1)
