# ruff: noqa: INP001 - hatchling finds it by its path
"""Bring the plugins along in the wheel, for `mnemos setup` to install; they lie as in the repository.

A source distribution carries them too, since the repository isn't around it when its wheel is built.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: Where they lie in a wheel, and in a source distribution.
PLACES = {"wheel": "mnemos/_plugins", "sdist": "_plugins"}
#: What is brought along besides the plugins.
MARKETPLACE = ".claude-plugin"
#: What shows that a folder is a plugin; one of them is in it.
MANIFESTS = (".claude-plugin/plugin.json", "package.json")
LEFT_OUT = shutil.ignore_patterns("tests", "node_modules", "__pycache__")


def list_parts(source: Path) -> list[str]:
    """Return the folders to bring along: the marketplace, and every folder of `plugins/` that is a plugin.

    Raises:
        FileNotFoundError: there is no plugin.
    """
    plugins = sorted(
        folder.relative_to(source).as_posix()
        for folder in (source / "plugins").iterdir()
        if any((folder / manifest).is_file() for manifest in MANIFESTS)
    )
    if not plugins:
        raise FileNotFoundError(f"{source / 'plugins'} holds no plugin")
    return [MARKETPLACE, *plugins]


class BringPlugins(BuildHookInterface):
    """Adds the plugins to what is built; an editable install has them beside it."""

    aside: str = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Copy them aside: where links stand in the repository, files go into a package.

        Raises:
            FileNotFoundError: the marketplace or every plugin is missing.
        """
        if version == "editable":
            return
        root = Path(self.root)
        packed = root / PLACES["sdist"]
        source = packed if packed.is_dir() else root.parents[1]
        self.aside = tempfile.mkdtemp(prefix="mnemos-")
        for part in list_parts(source):
            shutil.copytree(source / part, Path(self.aside, part), ignore=LEFT_OUT)
        build_data["force_include"][self.aside] = PLACES[self.target_name]

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the copy."""
        shutil.rmtree(self.aside, ignore_errors=True)
