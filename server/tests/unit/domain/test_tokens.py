"""Token estimates are rather too high, and a text is cut so that both its ends stay."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo_server.domain.tokens import bound_tokens, cut_middle, estimate_most, estimate_tokens

TEXTS = st.text(st.characters(), max_size=400)

#: Counted by the tokenizers cl100k and o200k: the greater of both.
COUNTED = {
    "The staging database is db-7, and it is rebuilt every Monday.": 15,
    "数据库的端口是四千。": 9,
    "Die Datenbank heißt db-7 und wird jeden Montag neu aufgebaut.": 18,
    "def estimate_tokens(text: str) -> int:": 10,
}


@pytest.mark.parametrize("text", COUNTED)
def test_common_texts_are_estimated_too_high_but_not_wildly(text: str):
    assert COUNTED[text] <= estimate_tokens(text) <= 2 * COUNTED[text]


#: Texts of which some tokenizer makes more than the estimate: cl100k of keys and emoji, WordPiece of codes.
UNDERESTIMATED = {
    "ERROR worker-999 /srv/app/models/user.py:313 0x7f69e4b92290": 30,
    "def handler_100(request): return db.fetch_all(request.query['id'])": 24,
}


@pytest.mark.parametrize(("text", "count"), [*COUNTED.items(), *UNDERESTIMATED.items()])
def test_what_is_set_aside_for_a_text_is_never_too_little(text: str, count: int):
    assert count <= estimate_most(text) <= bound_tokens(text)


def test_an_empty_text_is_estimated_at_no_tokens():
    assert estimate_tokens("") == 0


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_two_texts_together_take_no_more_than_apart(one: str, other: str):
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
def test_a_text_that_fits_stays_as_it_is(text: str):
    assert cut_middle(text, estimate_tokens(text)) == text


def test_a_limit_too_small_for_anything_leaves_the_mark():
    assert cut_middle("word " * 100, 0) == "\n[… 500 characters left out …]\n"


def test_most_of_what_fits_is_kept():
    text = "word " * 10_000

    assert estimate_tokens(cut_middle(text, 1_000)) > 990
