"""Our own rules for plugins find what is wrong with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.claude.program import ROOT
from tools import bundle_plugins, check_plugins

VERSION = tomllib.loads((ROOT / "clients" / "python" / "pyproject.toml").read_text())["project"]["version"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the files that the rules check."""
    for folder in ("plugins", ".claude-plugin"):
        shutil.copytree(ROOT / folder, tmp_path / folder, symlinks=True)
    shutil.copy(ROOT / "LICENSE", tmp_path)
    (tmp_path / "skills").symlink_to("plugins/claude/skills")
    for name in ("pyproject.toml", "src/mnemos/_generated/tools.json"):
        (tmp_path / "clients" / "python" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "clients" / "python" / name, tmp_path / "clients" / "python" / name)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def add_plugin(tree: Path, **package: Any) -> Path:
    """Add a plugin of another host, with links as in a clone."""
    shared, plugin = tree / "plugins" / "common", tree / "plugins" / "other"
    shared.mkdir()
    plugin.mkdir()
    (shared / "bridge.js").write_text("export const bridge = 1\n")
    (plugin / "bridge.js").symlink_to("../common/bridge.js")
    (plugin / "README.md").write_text("Other.\n")
    files = {"name": "@mnemos/other", "version": VERSION, "files": ["*.js", "skills", "README.md"]}
    (plugin / "package.json").write_text(json.dumps(files | package))
    return plugin


def test_the_plugins_in_the_tree_follow_the_rules(tree: Path) -> None:
    assert check_plugins.check(ROOT) == []
    assert check_plugins.check(tree) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("skills/memory-store/SKILL.md", "memory_update", "memory_change", "no tool memory_change"),
        ("skills/memory-store/SKILL.md", "name: memory-store", "name: store", "its name isn't that"),
        ("skills/memory-store/SKILL.md", "description: ", "about: ", "a description has"),
        ("skills/memory-setup/SKILL.md", "mnemos doctor", "mnemos examine", "no mnemos examine"),
        ("commands/recall.md", "memory_search", "memory_find", "no tool memory_find"),
        ("hooks/hooks.json", "update|delete)$", "update|delete)", "matches other tools"),
        ("hooks/hooks.json", '"PreCompact": [', '"BeforeCompact": [', "unknown event BeforeCompact"),
        ("hooks/hooks.json", '"Stop",', '"SessionEnd",', "Stop doesn't run"),
        ("hooks/hooks.json", '"timeout": 5', '"async": false', "no timeout"),
        (".mcp.json", "${user_config.api_url}", "http://10.0.0.1:8080", "is written into the plugin"),
        ("../opencode/commands.js", "memory_search", "memory_find", "no tool memory_find"),
    ],
)
def test_a_broken_plugin_is_found(tree: Path, file: str, old: str, new: str, complaint: str) -> None:
    change(tree / "plugins" / "claude" / file, old, new)

    assert complaint in "\n".join(check_plugins.check(tree))


@pytest.mark.parametrize(
    ("package", "complaint"),
    [
        ({"files": ["*.js", "README.md"]}, "its files lack skills"),
    ],
)
def test_a_package_that_npm_would_break_is_found(tree: Path, package: dict[str, Any], complaint: str) -> None:
    plugin = add_plugin(tree)
    assert check_plugins.check(tree) == []
    shutil.rmtree(plugin)
    shutil.rmtree(plugin.parent / "common")
    add_plugin(tree, **package)

    assert complaint in "\n".join(check_plugins.check(tree))


def test_a_second_source_of_the_skills_is_found(tree: Path) -> None:
    add_plugin(tree)
    shutil.copytree(tree / "skills", tree / "plugins" / "other" / "skills")

    assert "second source" in "\n".join(bundle_plugins.check(tree))


def test_a_bundle_is_complete_in_itself(tree: Path, tmp_path: Path) -> None:
    add_plugin(tree)

    folders = {folder.name: folder for folder in bundle_plugins.bundle(tree, tmp_path / "dist")}

    assert {"claude", "opencode", "openclaw", "other"} == folders.keys()
    for folder in folders.values():
        assert (folder / "skills" / "memory-store" / "SKILL.md").is_file()
        assert not any(path.is_symlink() for path in folder.rglob("*"))
    assert json.loads((folders["claude"] / ".mcp.json").read_text())["mcpServers"]
    assert (folders["other"] / "bridge.js").read_text() == "export const bridge = 1\n"


def test_a_bundle_without_a_file_that_its_package_lists_is_refused(tree: Path, tmp_path: Path) -> None:
    add_plugin(tree, files=["*.js", "skills", "README.md", "tools.json"])

    with pytest.raises(bundle_plugins.Incomplete, match=r"tools\.json"):
        bundle_plugins.bundle(tree, tmp_path / "dist")


def test_npm_packs_a_bundle_with_everything_in_it(tree: Path, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm isn't here")
    add_plugin(tree)
    bundle_plugins.bundle(tree, tmp_path / "dist")

    packed = subprocess.run(
        [npm, "pack", "--dry-run", "--json", "--offline"],
        cwd=tmp_path / "dist" / "other",
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        check=True,
        text=True,
    )

    files = {file["path"] for file in json.loads(packed.stdout)[0]["files"]}
    assert files >= {"bridge.js", "package.json", "skills/memory-recall/SKILL.md"}


def test_a_host_without_its_plugin_is_found(tree: Path) -> None:
    shutil.rmtree(tree / "plugins" / "opencode")
    assert "plugins/opencode is missing" in "\n".join(check_plugins.check(tree))
