"""Build every package into dist/, check the archives' contents, install them and try them out.

    python tools/build.py            build, check and try
    python tools/build.py --only     only build

It needs uv, and Node.js with npm.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.release import build, contents, trial  # noqa: E402  (needs the path above)

DIST = ROOT / "dist" / "packages"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0 when all archives are complete and work, 1 otherwise."""
    parser = argparse.ArgumentParser(description="Build, check and try all packages.")
    parser.add_argument("--only", action="store_true", help="only build")
    options = parser.parse_args(arguments)
    try:
        archives = build.build_all(DIST)
        print(f"build: {len(archives)} archives in {DIST.relative_to(ROOT)}")
        if options.only:
            return 0
        problems = list(contents.check_all(DIST))
        problems += check_rendering(archives)
        if not problems:
            with tempfile.TemporaryDirectory(prefix="mnemos-trial-") as folder:
                trial.try_plugins(DIST, Path(folder))
                trial.try_packages(DIST, Path(folder))
    except (build.CannotBuild, trial.Broken, subprocess.CalledProcessError) as error:
        problems = [str(error)]
    for problem in problems:
        print(f"build: {problem}", file=sys.stderr)
    return 1 if problems else 0


def check_rendering(archives: Sequence[Path]) -> list[str]:
    """Return what twine reports about metadata and READMEs; empty if a registry would accept them."""
    ours = [str(path) for path in archives if path.suffix in {".whl", ".gz"}]
    done = subprocess.run(
        [sys.executable, "-m", "twine", "--no-color", "check", "--strict", *ours],
        capture_output=True,
        text=True,
        check=False,
    )
    return [done.stdout + done.stderr] if done.returncode else []


if __name__ == "__main__":
    sys.exit(main())
