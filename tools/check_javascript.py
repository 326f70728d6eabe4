"""Check the JavaScript: its format with prettier, at a pinned version, and its tests with Node's own runner.

python tools/check_javascript.py           check and test
python tools/check_javascript.py --format  only check the format
python tools/check_javascript.py --write   only write the format
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import hosts  # noqa: E402  (needs the path above)

FORMATTED = ("plugins/**/*.{js,mjs}", "bench/**/*.mjs")
#: The oldest Node whose test runner supports what the tests use.
OLDEST_NODE = 20


def find_programs() -> tuple[str, str]:
    """Return the paths of Node and prettier; raise `HostUnavailable` when one is unavailable."""
    return find_node(), str(hosts.ensure_package(hosts.PRETTIER))


def find_node() -> str:
    """Return the path of Node; raise `HostUnavailable` when it is missing or too old."""
    node = shutil.which("node")
    if node is None:
        raise hosts.HostUnavailable(f"there is no node: install Node.js {OLDEST_NODE} or newer")
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        raise hosts.HostUnavailable(f"node is {version}: install Node.js {OLDEST_NODE} or newer")
    return node


def main(arguments: Sequence[str]) -> int:
    """Run prettier, then the tests; return 69 and print the reason when Node or prettier is unavailable."""
    try:
        node, prettier = find_programs()
    except hosts.HostUnavailable as reason:
        print(f"check_javascript: {reason}", file=sys.stderr)
        return hosts.UNAVAILABLE
    if "--write" in arguments:
        return subprocess.call([node, prettier, "--write", *FORMATTED], cwd=ROOT)
    is_formatted = subprocess.call([node, prettier, "--check", *FORMATTED], cwd=ROOT) == 0
    if "--format" in arguments:
        return 0 if is_formatted else 1
    tests = sorted(map(str, ROOT.glob("plugins/*/tests/*.test.js")))
    return subprocess.call([node, "--test", *tests], cwd=ROOT) or (0 if is_formatted else 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
