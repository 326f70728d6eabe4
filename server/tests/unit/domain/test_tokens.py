"""Token estimates are too high rather than too low, and cutting a text keeps both ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo_server.domain.tokens import bound_tokens, cut_middle, estimate_most, estimate_tokens

TEXTS = st.text(st.characters(), max_size=400)

#: Token counts by the tokenizers cl100k and o200k, whichever is greater.
TOKEN_COUNTS = {
    "The staging database is db-7, and it is rebuilt every Monday.": 15,
    "数据库的端口是四千。": 9,
    "Die Datenbank heißt db-7 und wird jeden Montag neu aufgebaut.": 18,
    "def estimate_tokens(text: str) -> int:": 10,
}


@pytest.mark.parametrize("text", TOKEN_COUNTS)
def test_estimates_of_common_texts_are_too_high_by_at_most_a_factor_of_two(text: str):
    assert TOKEN_COUNTS[text] <= estimate_tokens(text) <= 2 * TOKEN_COUNTS[text]


#: Texts that a tokenizer splits into more tokens than estimated: cl100k keys and emoji, WordPiece codes.
UNDERESTIMATED = {
    "ERROR worker-999 /srv/app/models/user.py:313 0x7f69e4b92290": 30,
    "def handler_100(request): return db.fetch_all(request.query['id'])": 24,
}


@pytest.mark.parametrize(("text", "count"), [*TOKEN_COUNTS.items(), *UNDERESTIMATED.items()])
def test_the_reserved_tokens_are_never_too_few(text: str, count: int):
    assert count <= estimate_most(text) <= bound_tokens(text)


def test_an_empty_text_is_estimated_at_no_tokens():
    assert estimate_tokens("") == 0


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_joining_two_texts_never_increases_the_estimate(one: str, other: str):
    assert estimate_tokens(one + other) <= estimate_tokens(one) + estimate_tokens(other)


@settings(deadline=None)
@given(TEXTS, st.integers(20, 100))
def test_a_cut_text_fits_and_keeps_both_ends(text: str, limit: int):
    cut = cut_middle(text, limit)

    assert estimate_tokens(cut) <= limit
    if cut != text:
        head, rest = cut.split("\n[… ", 1)
        missing, tail = rest.split(" characters left out …]\n", 1)
        assert text.startswith(head)
        assert text.endswith(tail)
        assert len(head) + int(missing) + len(tail) == len(text)


@settings(deadline=None)
@given(TEXTS)
def test_a_text_that_fits_is_not_changed(text: str):
    assert cut_middle(text, estimate_tokens(text)) == text


def test_with_a_limit_too_small_for_any_text_only_the_mark_is_left():
    assert cut_middle("word " * 100, 0) == "\n[… 500 characters left out …]\n"


def test_a_cut_text_uses_most_of_the_limit():
    text = "word " * 10_000

    assert estimate_tokens(cut_middle(text, 1_000)) > 990
