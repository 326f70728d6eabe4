"""Check the files in .github: that they match GitHub's schemas, and that workflows are secure.

    python tools/check_workflows.py

No request is sent to GitHub: the schemas come with check-jsonschema, and zizmor runs offline.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: The schema of each kind of file.
SCHEMAS = {
    "vendor.github-workflows": "workflows/*.yml",
    "custom.github-workflows-require-timeout": "workflows/*.yml",
    "vendor.dependabot": "dependabot.yml",
    "vendor.github-issue-config": "ISSUE_TEMPLATE/config.yml",
    "vendor.github-issue-forms": "ISSUE_TEMPLATE/[!c]*.yml",
}


def main() -> int:
    """Run every check; return 1 when any fails."""
    schemas = [sys.executable, "-m", "check_jsonschema", "--quiet", "--builtin-schema"]
    commands = [
        [*schemas, schema, *map(str, sorted((ROOT / ".github").glob(pattern)))]
        for schema, pattern in SCHEMAS.items()
    ]
    zizmor = str(Path(sysconfig.get_path("scripts"), "zizmor"))
    commands.append([zizmor, "--offline", "--no-progress", "--quiet", str(ROOT / ".github")])
    codes = [subprocess.call(command, cwd=ROOT) for command in commands]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
