"""Pin every third-party package of the workspace in the root pyproject.toml.

A lock file names the index it was created with, so none is kept in git. Instead, exact versions in
`[tool.uv] constraint-dependencies` keep a newer release from breaking an old commit: `uv run` and the nox
sessions obey them.

    python tools/pin.py             add missing pins, drop unused ones, keep the rest
    python tools/pin.py --upgrade   resolve everything from scratch
    python tools/pin.py --check     fail when the file isn't what the first form would write
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^constraint-dependencies = \[(?:\]|.*?^\])$", re.MULTILINE | re.DOTALL)
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[0-9][^ ;+]*)(?: *; *(?P<marker>.+))?$")


class CannotPin(Exception):
    """The workspace doesn't resolve, or resolves to something that can't be pinned."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0 when the pins are right (or were written), 1 otherwise."""
    parser = argparse.ArgumentParser(description="Pin every third-party package of the workspace.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when pins are off")
    parser.add_argument("--upgrade", action="store_true", help="forget the present pins first")
    options = parser.parse_args(arguments)
    target = ROOT / "pyproject.toml"
    before = target.read_text(encoding="utf-8")
    try:
        after = with_pins(before, resolve(with_pins(before, []) if options.upgrade else before))
    except CannotPin as reason:
        print(f"pin: {reason}", file=sys.stderr)
        return 1
    if options.check:
        return report_difference(before, after)
    target.write_text(after, encoding="utf-8")
    print(f"pin: {count_pins(after)} pins in {target.name}" + (" (unchanged)" if before == after else ""))
    return 0


def with_pins(pyproject: str, pins: Sequence[str]) -> str:
    """Return the text of pyproject.toml with its constraints replaced by `pins`, one per line."""
    lines = "".join(f'    "{pin}",\n' for pin in pins)
    block = f"constraint-dependencies = [\n{lines}]" if pins else "constraint-dependencies = []"
    changed, found = BLOCK.subn(lambda _: block, pyproject)
    if found != 1:
        raise CannotPin("pyproject.toml needs exactly one `constraint-dependencies` under [tool.uv]")
    return changed


def resolve(pyproject: str) -> list[str]:
    """Resolve the workspace in a copy, with this root pyproject.toml; return its sorted pins."""
    members = tomllib.loads(pyproject)["tool"]["uv"]["workspace"]["members"]
    with tempfile.TemporaryDirectory(prefix="mnemos-pin-") as folder:
        copy = Path(folder)
        (copy / "pyproject.toml").write_text(pyproject, encoding="utf-8")
        for member in members:
            (copy / member).mkdir(parents=True)
            shutil.copy(ROOT / member / "pyproject.toml", copy / member)
        run_uv("lock", folder=copy)
        exported = run_uv(
            "export", "--frozen", "--all-packages", "--all-groups", "--no-emit-workspace",
            "--no-hashes", "--no-annotate", "--no-header", folder=copy,
        )  # fmt: skip
    return merge(exported.splitlines())


def run_uv(*command: str, folder: Path) -> str:
    """Return what uv printed; raise `CannotPin` with its error output when it fails."""
    program = os.environ.get("UV") or shutil.which("uv")  # `uv run` puts its own path into UV
    if program is None:
        raise CannotPin("uv is needed: run `./run tests -s pin`")
    done = subprocess.run(
        [program, *command], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise CannotPin(done.stderr.strip())
    return done.stdout


def merge(requirements: Iterable[str]) -> list[str]:
    """Return the pins of an export; a marker is kept only where one package has several versions."""
    versions: dict[str, dict[str, str]] = defaultdict(dict)
    for line in requirements:
        pin = PINNED.match(line)
        if pin is None:
            raise CannotPin(f"not a package of a public index, which others could get: {line}")
        versions[pin["name"]][pin["version"]] = pin["marker"]
    return [
        f"{name}=={version}" + (f" ; {marker}" if len(found) > 1 else "")
        for name, found in sorted(versions.items())
        for version, marker in sorted(found.items())
    ]


def report_difference(before: str, after: str) -> int:
    """Print what would change; return 1 when anything would."""
    difference = list(
        difflib.unified_diff(
            before.splitlines(), after.splitlines(), "pyproject.toml", "resolved", lineterm=""
        )
    )
    print("\n".join(difference) if difference else f"pin: all {count_pins(after)} pins are as they should be")
    return 1 if difference else 0


def count_pins(pyproject: str) -> int:
    """Return the number of constraints in the text of a pyproject.toml."""
    return len(tomllib.loads(pyproject)["tool"]["uv"]["constraint-dependencies"])


if __name__ == "__main__":
    sys.exit(main())
