"""The check for linear time distinguishes linear from quadratic work."""

from __future__ import annotations

import re

import pytest

from tests.support.growth import assert_linear


def test_linear_work_passes():
    assert_linear(lambda text: re.sub("b", "c", text), lambda length: "ab" * (length // 2), 1_000_000)


def test_a_quadratic_pattern_fails():
    with pytest.raises(AssertionError, match=r"8 times the text took \d+ times as long"):
        assert_linear(re.compile("a*b").search, lambda length: "a" * length, 8_000)
