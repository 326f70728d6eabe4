"""The closing line of a nox run counts each test once, however many processes ran them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import counts

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
import pytest

@pytest.mark.parametrize("number", range(5))
def test_passes(number): pass

def test_fails(): assert False

def test_skips(): pytest.skip("not here")
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_each_test_is_counted_once(tmp_path: Path, workers: str):
    target = tmp_path / "counts.jsonl"
    (tmp_path / "test_some.py").write_text(TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-p", "tests.support.plugin", "-q"]

    subprocess.run(
        [*command, "-n", workers, str(tmp_path / "test_some.py")],
        cwd=ROOT,
        env=os.environ | {counts.TARGET: str(target)},
        capture_output=True,
        timeout=50,
        check=False,
    )

    lines = target.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"failed": 1, "passed": 5, "skipped": 1}]
