"""Texts are tokenized like the model's own tokenizer does it, whose output is in `recorded_pieces.json`."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.embedding.local.wordpiece import WORD_LIMIT, has_letters, load_wordpiece, split_words

RECORDED = json.loads((Path(__file__).parent / "recorded_pieces.json").read_text(encoding="utf-8"))
VOCABULARY_SIZE = 30_522
#: Characters that fuzzing alone would rarely combine.
HOSTILE = (
    st.text(st.sampled_from("aA.\u0301\u0323 \u200b\x00\ufffd中가か\u3099ΣİßẞⅧ🎉\ud800'[]#")) | st.text()
)


def cut(text: str, limit: int = 1_000_000):
    return load_wordpiece().cut(text, limit=limit)


@pytest.mark.parametrize("text", RECORDED, ids=range(len(RECORDED)))
def test_ids_equal_those_of_the_original_tokenizer(text: str):
    assert cut(text).ids == RECORDED[text]


def test_the_vocabulary_is_complete():
    wordpiece = load_wordpiece()

    assert wordpiece.last_id == VOCABULARY_SIZE - 1
    assert (wordpiece.unknown_id, wordpiece.start_id, wordpiece.end_id) == (100, 101, 102)


def test_each_piece_names_its_whole_word():
    assert cut("Gluten-free café").words == ["gluten", "gluten", "gluten", "-", "free", "cafe"]


def test_the_names_of_special_tokens_are_plain_text():
    wordpiece = load_wordpiece()

    assert not {wordpiece.start_id, wordpiece.end_id} & set(cut("[CLS] a [SEP]").ids)


def test_a_word_that_is_too_long_becomes_one_unknown_token():
    assert len(cut("x" * WORD_LIMIT).ids) > 1
    assert cut("x" * (WORD_LIMIT + 1)).ids == [load_wordpiece().unknown_id]


def test_at_most_the_requested_number_of_pieces_is_made():
    assert cut("Gluten-free café", limit=2).words == ["gluten", "gluten"]


@given(HOSTILE)
def test_every_text_becomes_pieces_of_the_vocabulary(text: str):
    pieces = cut(text)

    assert len(pieces.ids) == len(pieces.words)
    assert all(0 <= piece_id < VOCABULARY_SIZE for piece_id in pieces.ids)


@given(HOSTILE)
def test_the_words_contain_every_visible_character_of_a_text(text: str):
    """Folding removes control characters, marks and spaces, and nothing else."""
    kept = [
        part.lower()
        for char in text
        if char != "\ufffd" and unicodedata.category(char) not in {"Cc", "Cf", "Co", "Cs"}
        for part in unicodedata.normalize("NFD", char)
        if unicodedata.category(part) not in {"Mn", "Zs", "Zl", "Zp"}
    ]

    assert "".join(split_words(text)) == "".join(kept)


@given(HOSTILE)
def test_every_known_piece_is_part_of_its_word(text: str):
    vocabulary = [*_read_vocabulary()]
    pieces = cut(text)
    known = [
        (vocabulary[piece_id].removeprefix("##"), word)
        for piece_id, word in zip(pieces.ids, pieces.words, strict=True)
        if piece_id != load_wordpiece().unknown_id
    ]

    assert all(piece in word for piece, word in known)


@given(HOSTILE, st.integers(min_value=1, max_value=8))
def test_a_limit_only_cuts_off_the_end(text: str, limit: int):
    assert cut(text, limit).ids == cut(text).ids[:limit]


def test_a_word_contains_a_letter_or_digit():
    assert [has_letters(word) for word in ("don", "7", "中", "-", "€", "🎉", "")] == [True] * 3 + [False] * 4


def _read_vocabulary() -> list[str]:
    return list(load_wordpiece()._ids)
