"""`./run` shows a newcomer what it can do and what their machine lacks."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bare_machine(tmp_path):
    """A copy of `run`, and a PATH with a shell's companions but without Python."""
    shutil.copy(ROOT / "run", tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("cat", "dirname"):
        (programs / name).symlink_to(shutil.which(name))

    def run(*arguments):
        return subprocess.run(
            ["/bin/sh", tmp_path / "run", *arguments],
            env={"PATH": str(programs)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run


def test_without_arguments_it_prints_what_it_can_do(bare_machine):
    done = bare_machine()
    assert done.returncode == 0
    assert {"server", "tests", "mnemos"} <= {
        line.split("./run ")[1].split()[0] for line in done.stdout.splitlines()[:3]
    }


def test_an_unknown_word_prints_the_usage(bare_machine):
    done = bare_machine("sevrer")
    assert done.returncode == 64
    assert "usage: ./run server" in done.stderr


def test_without_python_it_names_what_to_install(bare_machine):
    done = bare_machine("server")
    assert done.returncode == 69
    assert "Python 3.11 or newer" in done.stderr
    assert "python3-venv" in done.stderr
