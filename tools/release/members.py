"""The packages that are published: the workspace's members for Python, and the plugins on npm.

The list of members is `[tool.uv.workspace]` of the root pyproject.toml; no other list exists.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Member:
    """One Python package of the workspace."""

    folder: Path  # absolute
    name: str  # as published, such as "mnemos-client"
    module: str  # as imported, such as "mnemos"
    needs: tuple[str, ...]  # names of the other members that it depends on

    @property
    def file_name(self) -> str:
        """Beginning of its archives' names, such as "mnemos_client"."""
        return self.name.replace("-", "_")


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """One plugin that is published to npm."""

    folder: Path  # absolute
    name: str  # with its scope, such as "@mnemos/opencode"

    @property
    def file_name(self) -> str:
        """Beginning of its tarball's name, such as "mnemos-opencode"."""
        return self.name.removeprefix("@").replace("/", "-")


def read_project(folder: Path) -> dict[str, Any]:
    """Read the `[project]` table of a folder's pyproject.toml."""
    return dict(read_pyproject(folder)["project"])


def read_pyproject(folder: Path) -> dict[str, Any]:
    """Read a folder's pyproject.toml."""
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def read_members(root: Path = ROOT) -> list[Member]:
    """Read the members of a workspace, dependencies before the members that need them."""
    folders = [root / name for name in read_pyproject(root)["tool"]["uv"]["workspace"]["members"]]
    documents = {folder: read_pyproject(folder) for folder in folders}
    names = {document["project"]["name"] for document in documents.values()}
    members = [read_member(folder, document, names) for folder, document in documents.items()]
    return sorted(members, key=lambda member: (len(member.needs), folders.index(member.folder)))


def read_member(folder: Path, document: dict[str, Any], names: set[str]) -> Member:
    """Create a `Member` from its pyproject.toml; `names` are those of all members."""
    [source] = document["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {requirement.partition("==")[0] for requirement in document["project"].get("dependencies", ())}
    return Member(folder, document["project"]["name"], Path(source).name, tuple(sorted(needed & names)))


def find_needs(member: Member, members: Iterable[Member]) -> list[Member]:
    """Return the members that a member depends on, directly or indirectly, in the order of `members`."""
    listed = list(members)
    needed: set[str] = set(member.needs)
    for name in member.needs:
        [other] = [other for other in listed if other.name == name]
        needed |= {found.name for found in find_needs(other, listed)}
    return [other for other in listed if other.name in needed]


def read_npm_packages(root: Path = ROOT) -> list[NpmPackage]:
    """Read the plugins that have a package.json."""
    return [
        NpmPackage(path.parent, json.loads(path.read_text(encoding="utf-8"))["name"])
        for path in sorted(root.glob("plugins/*/package.json"))
    ]
