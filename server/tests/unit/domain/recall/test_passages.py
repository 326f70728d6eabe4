from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.domain.recall.passages import (
    PASSAGE_CHARACTERS,
    WHOLE_CHARACTERS,
    cut_passage,
    split_sentences,
    to_line,
)

FILLER = "I looked at this for a while and it was interesting in several ways. "


def score_mast(sentence: str) -> float:
    return float("mast" in sentence)


def test_a_short_text_is_shown_whole():
    assert cut_passage("The mast\n is oak.", score_mast) == "The mast is oak."


def test_a_long_text_is_cut_to_the_matching_sentence():
    text = FILLER * 10 + "The mast is oak. " + FILLER * 10

    passage = cut_passage(text, score_mast)

    assert "The mast is oak." in passage
    assert passage.startswith("… ")
    assert passage.endswith(" …")


def test_sentences_keep_their_order_and_gaps_are_marked():
    text = f"The mast is oak. {FILLER * 8}The other mast is pine."

    assert cut_passage(text, score_mast) == "The mast is oak. … The other mast is pine."


def test_adjacent_sentences_are_joined_without_a_gap_mark():
    text = f"{FILLER * 8}The mast is oak. The second mast is pine. {FILLER * 8}"

    assert "The mast is oak. The second mast is pine." in cut_passage(text, score_mast)


def test_a_text_without_a_match_is_shown_from_its_beginning():
    text = f"First of all. {FILLER * 10}"

    assert cut_passage(text, lambda _: 0.0).startswith("First of all.")


@given(st.text(max_size=3_000), st.integers(0, 3))
def test_a_passage_is_one_printable_line_of_bounded_length(text, seed):
    passage = cut_passage(text, lambda sentence: float(len(sentence) % (seed + 1)))

    assert passage.isprintable()
    assert len(passage) <= max(WHOLE_CHARACTERS, 2 * PASSAGE_CHARACTERS)


@given(st.text(max_size=2_000))
def test_splitting_into_sentences_loses_no_word(text):
    assert "".join("".join(split_sentences(text)).split()) == "".join(to_line(text).split())


def test_a_sentence_that_fills_the_limit_is_the_last_one():
    first = f"The mast is oak, {'very ' * 70}tall."

    assert cut_passage(f"{first} {FILLER * 3}The mast is old.", lambda one: float("oak" in one), limit=20)


def test_long_text_without_sentence_ends_is_split_between_words_or_within_them():
    words, letters = "mast " * 100, "m" * 500

    assert all(len(part) <= 240 for text in (words, letters) for part in split_sentences(text))
    assert "".join(split_sentences(letters)) == letters
    assert " ".join(split_sentences(words)) == words.strip()
