from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemos_contract.recalled import CLOSING, OPENING, strip_recalled

from tests.support.growth import assert_linear

PIECES = st.sampled_from([OPENING, CLOSING, "a", "\n", "\n\n", "<", "relevant-memories>", "é"])


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("plain", "plain"),
        ("  spaced \n", "  spaced \n"),
        (f"{OPENING}\n- [1] x\n{CLOSING}\nquestion", "question"),
        (f"before {OPENING}x{CLOSING}between{OPENING}y{CLOSING} after", "before between after"),
        (f"question\n{OPENING}\n- [1] cut off", "question"),
        (f"{OPENING}\n- [1] cut off\n\nquestion", "question"),
        (f"{OPENING}\n- [1] cut off\n\nquestion\n{OPENING}\n- [1] x\n{CLOSING}", "question"),
        (f"{OPENING}\n- [1] an empty line\n\ninside{CLOSING} question", "question"),
        (f"a stray {CLOSING} stays", f"a stray {CLOSING} stays"),
        (f"{OPENING}{OPENING}x{CLOSING}", ""),
    ],
)
def test_recalled_blocks_are_cut_out_and_the_rest_stays(text, stripped) -> None:
    assert strip_recalled(text) == stripped


@given(st.lists(PIECES).map("".join))
def test_stripping_never_raises_and_only_takes_away(text) -> None:
    remaining = iter(text)

    assert all(character in remaining for character in strip_recalled(text))


def test_stripping_takes_linear_time() -> None:
    for piece in (OPENING, f"{OPENING}{CLOSING}", OPENING[:-1], f"{OPENING}\n\n"):
        assert_linear(strip_recalled, lambda length, piece=piece: piece * (length // len(piece)), 1_000_000)
