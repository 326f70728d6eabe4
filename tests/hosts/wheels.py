"""mnemos as a user installs it: from its wheels, into its own environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tools.release.members import find_needs, read_members

ROOT = Path(__file__).resolve().parents[2]
CLIENT = next(member for member in read_members() if member.name == "mnemos-client")
MEMBERS = [member.folder for member in (*find_needs(CLIENT, read_members()), CLIENT)]
#: Seconds for one run of uv; it takes one when its cache has everything.
RUN_SECONDS = 120


def build_wheels(folder: Path) -> list[Path]:
    """Build the client and the members that it needs: each wheel from its source distribution."""
    for member in MEMBERS:
        run_uv("build", "--out-dir", str(folder), str(member))
    return sorted(folder.glob("*.whl"))


def install_mnemos(folder: Path, wheels: list[Path]) -> Path:
    """Install the wheels into a new environment, all else at the pinned versions; return its `mnemos`."""
    pins = folder.with_name(f"{folder.name}-pins.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pins.write_text("\n".join(project["tool"]["uv"]["constraint-dependencies"]))
    run_uv("venv", "--python", sys.executable, str(folder))
    python = folder / "bin" / "python"
    run_uv("pip", "install", "--python", str(python), "-c", str(pins), *map(str, wheels))
    return folder / "bin" / "mnemos"


def run_uv(*arguments: str) -> None:
    """Run uv with its cache alone, and with the registry only where that isn't enough."""
    try:
        _run([find_uv(), "--offline", *arguments])
    except subprocess.CalledProcessError:
        _run([find_uv(), *arguments])


def find_uv() -> str:
    """Return uv: the one that runs the tests, the one on the PATH, or the one that `./run` installed."""
    own = ROOT / ".bootstrap" / "bin" / "uv"
    found = os.environ.get("UV") or shutil.which("uv") or (str(own) if own.is_file() else None)
    if found is None:
        raise RuntimeError("there is no uv: `./run tests -l` gets it")
    return found


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=True)
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr)
        raise
