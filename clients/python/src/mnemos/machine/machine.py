"""The machine from setup's point of view: its folders, its programs, and how to run them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mnemos.config import KEY_VARIABLES
from mnemos.credentials import FILE_NAME, find_config_folder
from mnemos.hooks.state import find_state_folder

#: For one run of a host's program; OpenClaw takes half a minute to install a plugin on a busy machine.
PROGRAM_SECONDS = 300.0
#: Characters of a program's complaint that are shown.
_COMPLAINT_CHARACTERS = 400


class SetupFailed(Exception):
    """A step of setup failed; the sentence explains why and what to do. It never contains a key."""


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a program."""

    code: int
    stdout: str
    stderr: str

    def complaint(self) -> str:
        """Return the end of its output, as one line."""
        return " ".join((self.stderr.strip() or self.stdout.strip()).split())[-_COMPLAINT_CHARACTERS:]


@dataclass(frozen=True)
class Machine:
    """An environment and the program that runs in it; tests create their own."""

    environ: Mapping[str, str]
    #: The running `mnemos`; None if it isn't installed as a program.
    own_program: Path | None = field(default_factory=lambda: find_own_program(sys.argv[0], sys.executable))

    @property
    def home(self) -> Path:
        """The user's home folder."""
        return Path(self.environ.get("HOME") or self.environ.get("USERPROFILE") or Path.home())

    @property
    def config_folder(self) -> Path:
        """The folder of mnemos' settings."""
        return Path(find_config_folder(self.environ))

    @property
    def credentials_path(self) -> Path:
        """The credentials file, which contains the profiles."""
        return self.config_folder / FILE_NAME

    @property
    def state_folder(self) -> Path:
        """The folder in which hooks keep their state."""
        return find_state_folder(self.environ)

    def find_program(self, name: str) -> Path | None:
        """Return the path of a program; None if it isn't on the PATH."""
        found = shutil.which(name, path=self.environ.get("PATH", ""))
        return Path(found) if found else None

    def run(self, command: Sequence[str | Path], *, seconds: float = PROGRAM_SECONDS) -> Done:
        """Run a program until it ends, without the key in its environment.

        Raises:
            SetupFailed: it can't be started, or takes too long.
        """
        environ = {name: value for name, value in self.environ.items() if name not in KEY_VARIABLES}
        try:
            done = subprocess.run(  # noqa: S603 - programs that the user has installed
                [str(part) for part in command],
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
                cwd=self.home if self.home.is_dir() else None,
            )
        except subprocess.TimeoutExpired:
            raise SetupFailed(f"`{show(command)}` didn't end within {seconds:.0f} s") from None
        except OSError as error:
            raise SetupFailed(f"`{show(command)}` can't be started: {error.strerror}") from None
        return Done(done.returncode, done.stdout, done.stderr)

    def demand(self, command: Sequence[str | Path]) -> str:
        """Run a program that must succeed, and return what it printed.

        Raises:
            SetupFailed: it failed; the sentence contains its output.
        """
        done = self.run(command)
        if done.code:
            raise SetupFailed(f"`{show(command)}` failed: {done.complaint() or f'exit code {done.code}'}")
        return done.stdout

    def shorten(self, path: Path | str) -> str:
        """Return a path as people write it, with ~ for the home folder."""
        text = str(path)
        home = f"{self.home}/"
        return f"~/{text.removeprefix(home)}" if text.startswith(home) else text


def show(command: Sequence[str | Path]) -> str:
    """Return a command as it is typed."""
    first, *rest = (str(part) for part in command)
    return " ".join([Path(first).name, *(f"'{part}'" if " " in part else part for part in rest)])


def find_own_program(argument: str, executable: str) -> Path | None:
    """Return the path of the running `mnemos`; with `python -m mnemos` it is beside the interpreter."""
    name = "mnemos.exe" if sys.platform == "win32" else "mnemos"
    for path in (Path(argument), Path(executable).parent / name):
        if path.name == name and path.is_file():
            return path.absolute()
    return None
