"""Compare a package's test coverage with its floors in pyproject.toml, and print both as a table.

    python tools/check_coverage.py PACKAGE

Reads the data of the last run with coverage, named in `COVERAGE_FILE`.
"""

from __future__ import annotations

import io
import sys
import tomllib
from pathlib import Path
from typing import NotRequired, TypedDict

from coverage import Coverage

ROOT = Path(__file__).resolve().parent.parent


class Floor(TypedDict):
    """The least coverage of some files, in percent of their lines and branches."""

    name: str
    files: list[str]
    left_out: NotRequired[list[str]]
    percent: int


def main(package: str) -> int:
    """Print the table; if a floor isn't reached, print what is missing and return 1."""
    measured = Coverage(config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    are_high = True
    print(f"coverage of lines and branches, {package}:")
    for floor in read_floors(package):
        files, left_out = floor["files"], floor.get("left_out")
        percent = measured.report(include=files, omit=left_out, file=io.StringIO())
        is_high = percent >= floor["percent"]
        mark = "" if is_high else "  TOO LOW"
        print(f"  {percent:6.1f} % of at least {floor['percent']:3} %  {floor['name']}{mark}")
        if not is_high:
            measured.report(include=files, omit=left_out, show_missing=True, skip_covered=True)
        are_high = are_high and is_high
    return 0 if are_high else 1


def read_floors(package: str) -> list[Floor]:
    """Return the floors of a package."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    floors: list[Floor] = pyproject["tool"]["mnemos"]["coverage"][package]
    return floors


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
