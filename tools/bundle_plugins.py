"""Bundle each plugin as it is published: its own files, the skills and the licence.

The skills have one source, inside the Claude Code plugin: Claude Code installs that folder as it is in a
clone, and follows no link out of it. `skills/` at the root is a link to the source. Every other plugin gets a
copy here, and real files where the clone has links. A bundle with a package.json can be packed and published
by npm.

    python tools/bundle_plugins.py             write dist/plugins/<host>/
    python tools/bundle_plugins.py --check     only check that the skills have a single source
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_PUBLISHED = shutil.ignore_patterns("node_modules", "__pycache__", "tests")


class Incomplete(Exception):
    """A bundle lacks a file."""


def bundle(root: Path, output: Path) -> list[Path]:
    """Write a complete copy of every plugin below `output` and return their folders."""
    folders = []
    for plugin in list_plugins(root):
        folder = output / plugin.name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(plugin, folder, ignore=NOT_PUBLISHED)
        shutil.copytree(root / "skills", folder / "skills", dirs_exist_ok=True)
        if (root / "LICENSE").is_file():
            shutil.copy(root / "LICENSE", folder)
        drop_scripts(folder)
        require_files(folder)
        folders.append(folder)
    return folders


def drop_scripts(folder: Path) -> None:
    """Remove the scripts in a bundle's package.json, which complete a clone's folder for `npm pack`."""
    path = folder / "package.json"
    if path.is_file():
        package = json.loads(path.read_text())
        if package.pop("scripts", None):
            path.write_text(json.dumps(package, indent=2, ensure_ascii=False) + "\n")


def require_files(folder: Path) -> None:
    """Raise `Incomplete` when a bundle lacks what its package.json lists: npm silently skips that."""
    package = folder / "package.json"
    promised = json.loads(package.read_text()).get("files", []) if package.is_file() else []
    missing = [pattern for pattern in promised if not any(folder.glob(pattern))]
    if missing:
        raise Incomplete(f"{package} promises {', '.join(missing)}, which isn't there")


def check(root: Path) -> list[str]:
    """Return a sentence for each skill that has a second source."""
    source = (root / "skills").resolve()
    if not list(source.glob("*/SKILL.md")):
        return [f"skills: {source} holds no skill"]
    return [
        f"plugins/{plugin.name}/skills is a second source of the skills; only a bundle has a copy"
        for plugin in list_plugins(root)
        if (plugin / "skills").exists() and (plugin / "skills").resolve() != source
    ]


def list_plugins(root: Path) -> list[Path]:
    """Return the folders of the plugins: those that contain a host's manifest."""
    manifests = ("package.json", ".claude-plugin/plugin.json")
    return sorted(
        {found.parents[name.count("/")] for name in manifests for found in root.glob(f"plugins/*/{name}")}
    )


def main(arguments: Sequence[str]) -> int:
    """Bundle, or check; return 1 when something is wrong."""
    problems = check(ROOT)
    for problem in problems:
        print(f"bundle_plugins: {problem}", file=sys.stderr)
    if problems or "--check" in arguments:
        return 1 if problems else 0
    try:
        for folder in bundle(ROOT, ROOT / "dist" / "plugins"):
            print(folder.relative_to(ROOT))
    except (Incomplete, shutil.Error) as error:
        print(f"bundle_plugins: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
