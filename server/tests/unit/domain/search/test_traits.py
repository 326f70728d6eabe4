from __future__ import annotations

import pytest
from mnemo_server.domain.search.traits import ASKS, ENDS_ASKING, TELLS_TIME, describe, measure_specificity

from tests.support.growth import assert_linear


@pytest.mark.parametrize(
    ("text", "traits"),
    [
        ("fine, thanks", 0),
        ("really? tell me more", ASKS),
        ("how are you?", ASKS | ENDS_ASKING),
        ('she said "why?" ', ASKS | ENDS_ASKING | 1 << 3),
        ("元気ですか\uff1f", ASKS | ENDS_ASKING),
        ("it was last month", TELLS_TIME),
        ("lasting months ahead", 0),
        ("", 0),
    ],
)
def test_questions_and_mentions_of_time_are_traits(text, traits):
    assert describe(text) == traits


def test_the_bits_of_traits_are_fixed():
    """Stored entries contain them, so they must not change with the code."""
    assert describe("Did Ann and Bob see E42 in 2023?") == 0b11111


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("we went there", 0),
        ("We went. They stayed! Others left", 0),
        ("we met Ann", 1),
        ("I think I'm done", 0),
        ("run get_user on src/app.py with retryCount", 3),
        ('he called it "the thing" and 12 more', 2),
        ("a1 b2 c3 d4 e5", 3),
        ("- / -", 0),
    ],
)
def test_specificity_counts_names_numbers_identifiers_paths_and_quotations(text, count):
    assert measure_specificity(text) == count


@pytest.mark.parametrize("repeated", ["a", "a.", "A ", "a_", '"', "1", "?", "\u6570", "a-/"])
def test_describing_traits_takes_linear_time(repeated):
    assert_linear(describe, lambda length: repeated * (length // len(repeated)), 400_000)
