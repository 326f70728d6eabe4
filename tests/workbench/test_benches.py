"""The benchmarks run. What they measure is for a quiet machine, not for a test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHORT = ["--engine", "sqlite", "--memories", "20", "--clients", "1", "--rounds", "1", "--seconds", "0.2"]


@pytest.mark.parametrize(
    ("arguments", "row"),
    [
        (["bench.load", *SHORT, "--bare"], "| messages |"),
        (["bench.recall", "--agents"], "| single-hop |"),
    ],
    ids=["load", "recall"],
)
def test_a_benchmark_reports_every_row(arguments: list[str], row: str):
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=55
    )

    assert done.returncode == 0, done.stderr
    assert row in done.stdout
