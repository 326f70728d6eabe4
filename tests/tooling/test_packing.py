"""`npm pack` in the folder of a plugin builds a complete tarball and leaves the folder as it was."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tools.hosts import npm_environment
from tools.release import contents
from tools.release.members import ROOT, NpmPackage, read_npm_packages

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="npm isn't here")


@pytest.fixture(params=read_npm_packages(), ids=lambda package: package.folder.name)
def plugin(request: pytest.FixtureRequest, tmp_path: Path) -> NpmPackage:
    """A plugin in a copy of the tree, with the targets of its links."""
    tree = tmp_path / "tree"
    tools = Path("clients/python/src/mnemos/_generated/tools.json")
    (tree / tools).parent.mkdir(parents=True)
    shutil.copy(ROOT / tools, tree / tools)
    shutil.copy(ROOT / "LICENSE", tree)
    shutil.copytree(ROOT / "plugins", tree / "plugins", symlinks=True)
    (tree / "skills").symlink_to("plugins/claude/skills")
    return NpmPackage(tree / "plugins" / request.param.folder.name, request.param.name)


def look(folder: Path) -> dict[str, str]:
    """Return what is in a folder: the targets of links, and the text of files."""
    return {
        path.name: str(path.readlink()) if path.is_symlink() else path.read_text(encoding="utf-8")
        for path in folder.iterdir()
        if path.is_symlink() or path.is_file()
    }


def pack(plugin: NpmPackage, output: Path) -> set[str]:
    """Pack with npm alone, and return the names of the files in the tarball."""
    output.mkdir()
    subprocess.run(
        ["npm", "pack", "--pack-destination", output],
        cwd=plugin.folder,
        env=npm_environment(),
        check=True,
        capture_output=True,
    )
    with tarfile.open(next(output.glob("*.tgz"))) as tarball:
        assert all(entry.isfile() for entry in tarball)
        return {name.removeprefix("package/") for name in tarball.getnames()}


def test_the_targets_of_links_and_the_licence_are_packed(plugin: NpmPackage, tmp_path: Path) -> None:
    before = look(plugin.folder)
    assert "../shared/mnemos.js" in before.values()

    packed = pack(plugin, tmp_path / "packed")

    assert packed == contents.list_plugin(ROOT / "plugins" / plugin.folder.name) | {"LICENSE"}
    assert {"mnemos.js", "tools.json", "skills/memory-recall/SKILL.md"} <= packed
    assert look(plugin.folder) == before


def test_an_interrupted_packing_is_undone_by_the_next_one(plugin: NpmPackage, tmp_path: Path) -> None:
    before = look(plugin.folder)
    script = ["node", "../shared/pack.mjs", "prepack"]
    subprocess.run(script, cwd=plugin.folder, check=True, capture_output=True)
    assert not (plugin.folder / "mnemos.js").is_symlink()

    packed = pack(plugin, tmp_path / "packed")

    assert packed == contents.list_plugin(ROOT / "plugins" / plugin.folder.name) | {"LICENSE"}
    assert look(plugin.folder) == before
