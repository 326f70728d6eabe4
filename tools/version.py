"""Keep one version, one licence and one set of addresses in all packages; the root's are the source.

    python tools/version.py            write what the packages repeat from the root
    python tools/version.py 0.2.0      set the root's version first
    python tools/version.py --check    write nothing, fail when a package differs
    python tools/version.py --tag v0.2.0    fail unless this tag and the changelog match the version

`./run tests -s version -- 0.2.0` writes the generated files, too.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.release import stamp  # noqa: E402  (needs the path above)
from tools.release.members import read_project  # noqa: E402

#: The form of version that both PyPI and npm accept.
VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0 when all packages agree (or were written), 1 otherwise."""
    parser = argparse.ArgumentParser(description="Keep one version in all packages.")
    parser.add_argument("version", nargs="?", help="the new version, such as 0.2.0")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when packages differ")
    parser.add_argument("--tag", help="fail unless this tag is that of the version")
    options = parser.parse_args(arguments)
    if options.version and not VERSION.fullmatch(options.version):
        return report([f"{options.version} isn't of the form 1.2.3"])
    try:
        if options.check or options.tag:
            problems = stamp.check(ROOT) + (check_tag(ROOT, options.tag) if options.tag else [])
            return report(problems)
        changed = stamp.write(ROOT, options.version)
    except stamp.Unstampable as error:
        return report([str(error)])
    print(f"version: {read_project(ROOT)['version']}, {len(changed)} files written")
    return 0


def check_tag(root: Path, tag: str) -> list[str]:
    """Return a sentence when a tag isn't that of the root's version, or the changelog lacks the version."""
    version = read_project(root)["version"]
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    problems = [] if tag == f"v{version}" else [f"the tag is {tag}, but the version is {version}"]
    if not re.search(rf"^## {re.escape(version)}(?: |$)", changelog, re.MULTILINE):
        problems.append(f"CHANGELOG.md has no section for {version}")
    return problems


def report(problems: Sequence[str]) -> int:
    """Print what is wrong; return 1 if anything is."""
    for problem in problems:
        print(f"version: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
