"""Our own rules about plugins find what is wrong with them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.hosts.claude import ROOT
from tools import bundle_plugins, check_plugins


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the rules look at."""
    for folder in ("plugins", ".claude-plugin"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "skills").symlink_to("plugins/claude/skills")
    (tmp_path / "clients" / "python").mkdir(parents=True)
    shutil.copy(ROOT / "clients" / "python" / "pyproject.toml", tmp_path / "clients" / "python")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def add_plugin(tree: Path) -> None:
    """Add a plugin of another host."""
    (tree / "plugins" / "other").mkdir()
    (tree / "plugins" / "other" / "package.json").write_text("{}")


def test_the_plugins_as_they_stand_keep_the_rules(tree: Path) -> None:
    assert check_plugins.check(ROOT) == []
    assert check_plugins.check(tree) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("skills/memory/SKILL.md", "memory_update", "memory_change", "no tool memory_change"),
        ("hooks/hooks.json", '"PreCompact": [', '"BeforeCompact": [', "unknown event BeforeCompact"),
        ("hooks/hooks.json", '"Stop",', '"SessionEnd",', "Stop doesn't run"),
        ("hooks/hooks.json", '"timeout": 5', '"async": false', "no timeout"),
        (".mcp.json", "${user_config.api_url}", "http://10.0.0.1:7077", "is written into the plugin"),
        (".claude-plugin/plugin.json", '"version": "', '"version": "9.', "but the client is"),
    ],
)
def test_a_broken_plugin_is_found(tree: Path, file: str, old: str, new: str, complaint: str) -> None:
    change(tree / "plugins" / "claude" / file, old, new)

    assert complaint in "\n".join(check_plugins.check(tree))


def test_a_second_source_of_the_skills_is_found(tree: Path) -> None:
    add_plugin(tree)
    shutil.copytree(tree / "skills", tree / "plugins" / "other" / "skills")

    assert "second source" in "\n".join(bundle_plugins.check(tree))


def test_a_bundle_is_complete_in_itself(tree: Path, tmp_path: Path) -> None:
    add_plugin(tree)

    folders = bundle_plugins.bundle(tree, tmp_path / "dist")

    assert [folder.name for folder in folders] == ["claude", "other"]
    for folder in folders:
        assert (folder / "skills" / "memory" / "SKILL.md").is_file()
        assert not any(path.is_symlink() for path in folder.rglob("*"))
    assert json.loads((folders[0] / ".mcp.json").read_text())["mcpServers"]
