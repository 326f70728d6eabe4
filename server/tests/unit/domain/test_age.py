from __future__ import annotations

import pytest
from mnemo_server.domain.age import relative_age

HOUR, DAY = 3_600, 86_400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (HOUR - 1, "59 minutes ago"),
        (HOUR, "1 hour ago"),
        (DAY - 1, "23 hours ago"),
        (6 * DAY, "6 days ago"),
        (7 * DAY, "1 week ago"),
        (29 * DAY, "4 weeks ago"),
        (30 * DAY, "1 month ago"),
        (364 * DAY, "12 months ago"),
        (365 * DAY, "1 year ago"),
        (800 * DAY, "2 years ago"),
    ],
)
def test_age_is_written_in_the_largest_unit_that_fits(seconds: int, text: str):
    now = 1_000 * DAY * 1_000_000

    assert relative_age(now - seconds * 1_000_000, now) == text
