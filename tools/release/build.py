"""Build what is published: a wheel and a source distribution of each member, a tarball of each plugin."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools import bundle_plugins
from tools.hosts import npm_environment
from tools.release.members import ROOT, Member, read_members, read_npm_packages

RUN_SECONDS = 300


class CannotBuild(Exception):
    """A program is missing, or failed; the message contains its name and its error output."""


def build_all(output: Path) -> list[Path]:
    """Write every archive into an emptied `output` and return their paths.

    Raises:
        CannotBuild: uv or npm is missing or fails.
    """
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    for member in read_members():
        build_member(member, output)
    with tempfile.TemporaryDirectory(prefix="mnemos-bundles-") as bundles:
        bundle_plugins.bundle(ROOT, Path(bundles))
        for package in read_npm_packages():
            pack(Path(bundles, package.folder.name), output)
    return sorted(output.iterdir())


def build_member(member: Member, output: Path) -> None:
    """Build a source distribution, then the wheel from it, which shows that the source is complete."""
    run([find_uv(), "build", "--quiet", "--no-create-gitignore", "--out-dir", output, member.folder])


def pack(folder: Path, output: Path) -> Path:
    """Pack an npm package and return its tarball."""
    npm = find_npm()
    packed = run(
        [npm, "pack", "--json", "--foreground-scripts=false", "--pack-destination", output],
        cwd=folder,
        env=npm_environment(),
    )
    return output / str(json.loads(packed)[0]["filename"])


def find_uv() -> str:
    """Return the path of uv: the one that runs this, or that on the PATH."""
    return find("uv", os.environ.get("UV"))  # `uv run` puts its own path into UV


def find_npm() -> str:
    """Return the path of npm."""
    return find("npm")


def find(name: str, given: str | None = None) -> str:
    """Return the path of a program, or raise `CannotBuild`."""
    found = given or shutil.which(name)
    if found is None:
        raise CannotBuild(f"{name} is needed and isn't on the PATH")
    return found


def run(command: Sequence[str | Path], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a program and return what it printed; raise `CannotBuild` with the end of its error output."""
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    if done.returncode:
        complaint = (done.stderr or done.stdout).strip()[-2000:]
        raise CannotBuild(f"{' '.join(map(str, command))} failed:\n{complaint}")
    return done.stdout
