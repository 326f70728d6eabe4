"""Write and check what every package repeats from the root.

These are the version, with the exact versions of each other that the members require; the addresses of the
project; and the licence, since a source distribution contains only its own folder.
"""

from __future__ import annotations

import re
from pathlib import Path

from tools.release.members import read_members, read_npm_packages, read_project

#: Manifests of plugins that contain a version.
MANIFESTS = (
    ".claude-plugin/marketplace.json",
    "plugins/*/.claude-plugin/plugin.json",
    "plugins/*/package.json",
    "plugins/*/openclaw.plugin.json",
)
GITHUB = "https://github.com/"
_VERSION = re.compile(r'^version = "[^"]*"$', re.MULTILINE)
_JSON_VERSION = re.compile(r'^( *"version": )"[^"]*"', re.MULTILINE)
_JSON_REPOSITORY = re.compile(r'"github:[^"]*"')
#: Files for GitHub that name the owner or the repository.
_OWNERS, _FORMS = ".github/CODEOWNERS", ".github/ISSUE_TEMPLATE/config.yml"
_OWNER = re.compile(r"@[\w-]+/")
_REPOSITORY = re.compile(rf"{GITHUB}[\w-]+/[\w.-]+(?=/)")
_ADDRESSES = re.compile(r"^\[project\.urls\]\n(?:[^\[\n].*\n)*", re.MULTILINE)


class Unstampable(Exception):
    """A file lacks the place where something would be written."""


def stamp(root: Path) -> dict[Path, str]:
    """Return the text that each file with repeated parts should have; nothing is written.

    Raises:
        Unstampable: a file has no such place.
    """
    version = str(read_project(root)["version"])
    licence = (root / "LICENSE").read_text(encoding="utf-8")
    files: dict[Path, str] = {}
    for member in read_members(root):
        path = member.folder / "pyproject.toml"
        files |= {path: stamp_member(root, path, version), member.folder / "LICENSE": licence}
    repository = str(read_project(root)["urls"]["Repository"]).removeprefix(GITHUB)
    owner = repository.partition("/")[0]
    for pattern in MANIFESTS:
        for path in sorted(root.glob(pattern)):
            files[path] = replace(_JSON_VERSION, rf'\g<1>"{version}"', path, path.read_text(encoding="utf-8"))
    for package in read_npm_packages(root):
        path = package.folder / "package.json"
        files[path] = replace(_JSON_REPOSITORY, f'"github:{repository}"', path, files[path])
    for name, place, text in ((_OWNERS, _OWNER, f"@{owner}/"), (_FORMS, _REPOSITORY, GITHUB + repository)):
        files[root / name] = replace(place, text, root / name, (root / name).read_text(encoding="utf-8"))
    return files


def stamp_member(root: Path, path: Path, version: str) -> str:
    """Return a member's pyproject.toml with version, pins of other members and addresses of the root."""
    text = replace(_VERSION, f'version = "{version}"', path, path.read_text(encoding="utf-8"))
    for member in read_members(root):
        requirement = re.compile(rf'^( *)"{re.escape(member.name)}(?:==[^"]*)?"', re.MULTILINE)
        text = requirement.sub(rf'\g<1>"{member.name}=={version}"', text)
    addresses = _ADDRESSES.search((root / "pyproject.toml").read_text(encoding="utf-8"))
    if addresses is None:
        raise Unstampable("pyproject.toml has no [project.urls]")
    return replace(_ADDRESSES, addresses[0], path, text)


def replace(place: re.Pattern[str], replacement: str, path: Path, text: str) -> str:
    """Return `text`, the content of `path`, with every match of `place` replaced."""
    changed, count = place.subn(replacement, text)
    if not count:
        raise Unstampable(f"{path} has no place that looks like {place.pattern}")
    return changed


def check(root: Path) -> list[str]:
    """Return a sentence for each file that differs from the root."""
    problems = []
    for path, text in stamp(root).items():
        present = path.read_text(encoding="utf-8") if path.is_file() else ""
        if present != text:
            lines = text.splitlines()
            other = [line.strip() for line in present.splitlines() if line not in lines]
            problems.append(f"{path.relative_to(root)} isn't as the root says: {'; '.join(other[:3])}")
    return problems


def write(root: Path, version: str | None = None) -> list[Path]:
    """Write what the packages repeat, with a new version if one is given; return the files that changed."""
    if version is not None:
        path = root / "pyproject.toml"
        text = replace(_VERSION, f'version = "{version}"', path, path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
    changed = []
    for path, text in stamp(root).items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed
