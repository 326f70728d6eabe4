"""The benchmarks run. Measuring is for a quiet machine, not for a test."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHORT = ["--engine", "sqlite", "--memories", "20", "--clients", "1", "--rounds", "1", "--seconds", "0.2"]

CACHE = "<an empty folder>"
FEW = ["--engine", "sqlite", "--sizes", "50", "--questions", "2", "--rounds", "1", "--cache", CACHE]


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")


@pytest.mark.parametrize(
    ("arguments", "row"),
    [
        (["bench.load", *SHORT, "--bare"], "| messages |"),
        (["bench.recall", "--agents"], "| single-hop |"),
        (["bench.recall_blocks", "bench/recall_blocks/sets/kiln.json"], "| quiz questions: some evidence |"),
        (["bench.search", *FEW], "| reading hits |"),
        (["bench.hooks", "--runs", "1", "--memories", "20"], "| no such name | Stop |"),
        pytest.param(
            ["bench.hooks", "--harness", "opencode", "--runs", "1", "--memories", "20", "--only", "stopped"],
            "| stopped | chat.message, later, by the plugin |",
            marks=needs_node,
        ),
        pytest.param(
            ["bench.hooks", "--harness", "openclaw", "--runs", "1", "--memories", "20", "--only", "stopped"],
            "| stopped | before_prompt_build, later, by the plugin |",
            marks=needs_node,
        ),
    ],
    ids=["load", "recall", "recall_blocks", "search", "hooks", "hooks-opencode", "hooks-openclaw"],
)
def test_a_benchmark_reports_every_row(arguments: list[str], row: str, tmp_path: Path):
    arguments = [str(tmp_path) if argument == CACHE else argument for argument in arguments]

    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=55
    )

    assert done.returncode == 0, done.stderr
    assert row in done.stdout
