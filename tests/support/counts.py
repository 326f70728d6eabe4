"""Add up the outcomes of several pytest runs, for the closing line of a nox run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sized
from pathlib import Path

TARGET = "MNEMO_TEST_COUNTS"  # a file; each pytest run adds one line to it
OUTCOMES = ("failed", "error", "passed", "skipped", "xfailed", "xpassed")


def record(target: str, stats: Mapping[str, Sized]) -> None:
    """Append the outcomes of one pytest run to the file `target`, as one line of JSON."""
    counted = {outcome: len(stats[outcome]) for outcome in OUTCOMES if stats.get(outcome)}
    with Path(target).open("a", encoding="utf-8") as file:
        file.write(json.dumps(counted) + "\n")


def summarize(target: Path, elapsed_seconds: float) -> str:
    """Return all recorded outcomes in the form of pytest's closing line."""
    total: Counter[str] = Counter()
    for line in target.read_text(encoding="utf-8").splitlines():
        total.update(json.loads(line))
    parts = [f"{total[outcome]} {outcome}" for outcome in OUTCOMES if total[outcome]]
    return f" {', '.join(parts) or 'no tests ran'} in {elapsed_seconds:.2f}s ".center(100, "=")
