"""A user's machine for set-up: a home, hosts on the PATH, and `mnemos` run in it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "mnemos"
#: OpenClaw needs a minute for its steps on a busy machine.
SETUP_SECONDS = 240


@dataclass
class Desk:
    """A home, and the environment of the programs that run in it."""

    home: Path
    environ: dict[str, str]
    #: The `mnemos` to run.
    program: Path = PROGRAM

    def mnemos(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run `mnemos` with these arguments and with `given` as its standard input."""
        return subprocess.run(
            [self.program, *arguments],
            env=self.environ,
            input=given,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=SETUP_SECONDS,
            check=False,
        )

    def add_program(self, name: str, target: Path) -> None:
        """Put a program on the PATH."""
        folder = self.home.parent / f"{self.home.name}-bin"
        folder.mkdir(exist_ok=True)
        (folder / name).symlink_to(target)
        if str(folder) not in self.environ["PATH"].split(":"):
            self.environ["PATH"] = f"{folder}:{self.environ['PATH']}"

    def look(self, *besides: str) -> dict[str, str]:
        """Return every file, link and folder of the home with its content and mode, except `besides`."""
        found = {}
        for path in sorted(self.home.rglob("*")):
            name = str(path.relative_to(self.home))
            if any(name == other or name.startswith(f"{other}/") for other in besides):
                continue
            found[name] = f"{_describe(path)} {path.lstat().st_mode:o}"
        return found


def _describe(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
