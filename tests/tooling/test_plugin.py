"""Tests don't depend on who runs them: the user's own settings in the shell are ignored."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import os

def test_probe():
    print(sorted(name for name in os.environ if name.startswith(("MNEMO", "MEM9"))))
"""


def test_settings_of_the_shell_are_ignored_and_those_for_tests_are_kept(tmp_path: Path) -> None:
    probe = tmp_path / "test_probe.py"
    probe.write_text(PROBE)
    settings = {"MNEMO_PORT": "1", "MNEMOS_PROFILE": "home", "MEM9_API_KEY": "k", "MNEMO_TEST_MARK": "kept"}
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-c", str(ROOT / "pyproject.toml"), str(probe)]
    plugin = ["-p", "tests.support.plugin", "-p", "no:cacheprovider"]

    done = subprocess.run([*command, *plugin], cwd=ROOT, env={"PATH": os.environ["PATH"]} | settings,
                          capture_output=True, text=True, timeout=50, check=False)  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert "['MNEMO_TEST_MARK']" in done.stdout
