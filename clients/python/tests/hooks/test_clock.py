from __future__ import annotations

import subprocess
import sys
import time

import pytest
from mnemos.hooks import clock
from mnemos.hooks.clock import find_recall_seconds, measure_life

TELL = "import time, mnemos.hooks.clock as c; time.sleep(0.3); print(c.measure_life())"


@pytest.mark.parametrize(
    ("lived", "left"), [(0.0, 0.1), (0.03, 0.07), (0.05, 0.05), (0.08, 0.05), (7.0, 0.05)]
)
def test_the_start_of_the_process_is_part_of_the_limit_but_half_is_for_the_server(lived, left) -> None:
    assert find_recall_seconds(100, lived) == pytest.approx(left)


def test_a_process_knows_how_long_it_has_lived() -> None:
    started = time.monotonic()
    told = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True).stdout
    elapsed = time.monotonic() - started

    assert float(told) <= elapsed + 0.02  # the kernel counts in hundredths
    if sys.platform == "linux":
        assert float(told) >= 0.3


def test_where_the_kernel_tells_nothing_the_processor_time_counts(monkeypatch) -> None:
    def fail(*_arguments) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(clock, "open", fail, raising=False)

    assert 0 < measure_life() <= time.process_time()


def test_a_start_that_cannot_be_is_not_believed(monkeypatch) -> None:
    monkeypatch.setattr(clock, "_LONGEST_SECONDS", 0.0)

    assert measure_life() <= time.process_time()
