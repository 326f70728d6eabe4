"""A bare environment with our wheels in it, as on a user's machine.

Nothing of the working tree is on the path of its programs: they run from an empty home, and Python's isolated
mode keeps other packages out.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.release.build import find_uv, run
from tools.release.members import ROOT, Member, read_pyproject

#: Variables of this process that a fresh user doesn't have.
FOREIGN = ("MNEMO", "MEM9", "PYTHONPATH", "VIRTUAL_ENV", "XDG_")


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with nothing but our wheels and their dependencies, and a home for its programs."""

    folder: Path
    home: Path

    def program(self, name: str) -> str:
        """Return the path of an installed program."""
        windows = sys.platform == "win32"
        return str(self.folder / ("Scripts" if windows else "bin") / (f"{name}.exe" if windows else name))

    def environment(self, **more: str) -> dict[str, str]:
        """Return the variables of a user who has just installed mnemos."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        path = os.pathsep.join([str(Path(self.program("mnemos")).parent), own.get("PATH", os.defpath)])
        return own | {"HOME": str(self.home), "USERPROFILE": str(self.home), "PATH": path} | more

    def do(self, *command: str, **variables: str) -> str:
        """Run an installed program in the home and return what it printed."""
        name, *arguments = command
        return run([self.program(name), *arguments], cwd=self.home, env=self.environment(**variables))


def install(dist: Path, members: list[Member], folder: Path) -> Installed:
    """Install members from their wheels, with dependencies in the pinned versions, into a new environment."""
    installed = Installed(folder / "venv", folder / "home")
    installed.home.mkdir(parents=True)
    pins = folder / "pins.txt"
    pins.write_text(
        "\n".join(read_pyproject(ROOT)["tool"]["uv"]["constraint-dependencies"]), encoding="utf-8"
    )
    uv = find_uv()
    run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, installed.folder])
    wheels = [next(dist.glob(f"{member.file_name}-*.whl")) for member in members]
    python = installed.program("python")
    run([uv, "pip", "install", "--quiet", "--python", python, "-c", pins, *wheels], cwd=installed.home)
    for member in members:
        installed.do("python", "-I", str(ROOT / "tools" / "import_all.py"), member.module)
    return installed
