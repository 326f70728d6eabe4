from __future__ import annotations

from mnemo_server.domain import rate_limit
from mnemo_server.domain.rate_limit import TokenBuckets


class ManualClock:
    """A clock that moves only when a test advances it."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000)


def test_after_a_burst_the_rate_applies():
    clock = ManualClock()
    buckets = TokenBuckets(rate=2, burst=3, clock=clock)

    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 1]
    clock.advance(0.5)
    assert [buckets.take("a"), buckets.take("a")] == [0, 1]


def test_each_name_has_its_own_bucket():
    buckets = TokenBuckets(rate=1, burst=1, clock=ManualClock())

    assert [buckets.take("a"), buckets.take("b"), buckets.take("a")] == [0, 0, 1]


def test_the_wait_is_returned_in_whole_seconds():
    buckets = TokenBuckets(rate=0.1, burst=1, clock=ManualClock())

    assert [buckets.take("a"), buckets.take("a")] == [0, 10]


def test_a_rate_of_zero_means_no_limit():
    buckets = TokenBuckets(rate=0, burst=1, clock=ManualClock())

    assert [buckets.take("a") for _ in range(100)] == [0] * 100


def test_a_bucket_never_contains_more_than_its_burst():
    clock = ManualClock()
    buckets = TokenBuckets(rate=100, burst=2, clock=clock)
    buckets.take("a")
    clock.advance(3_600)

    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1]


def test_the_number_of_buckets_is_bounded(monkeypatch):
    monkeypatch.setattr(rate_limit, "MAX_BUCKETS", 10)
    buckets = TokenBuckets(rate=1, burst=1, clock=ManualClock())

    for name in range(100):
        buckets.take(name)

    assert len(buckets._buckets) <= 10
