"""One version, one licence and one set of addresses in every package."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools import version
from tools.release import members, stamp

ROOT = members.ROOT
VERSION = members.read_project(ROOT)["version"]
GITHUB_FILES = (".github/CODEOWNERS", ".github/ISSUE_TEMPLATE/config.yml")
MEMBERS = [str(member.folder.relative_to(ROOT)) for member in members.read_members()]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of every file that contains a version."""
    for name in ("pyproject.toml", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    for member in MEMBERS:
        (tmp_path / member).mkdir(parents=True)
        for name in ("pyproject.toml", "LICENSE"):
            shutil.copy(ROOT / member / name, tmp_path / member)
    for pattern in (*stamp.MANIFESTS, *GITHUB_FILES):
        for path in ROOT.glob(pattern):
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_all_packages_agree(tree: Path) -> None:
    assert stamp.check(ROOT) == []
    assert stamp.check(tree) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        *((f"{member}/pyproject.toml", f'version = "{VERSION}"', 'version = "9.9.9"') for member in MEMBERS),
        *((f"{member}/pyproject.toml", "https://", "https://elsewhere.") for member in MEMBERS),
        *((f"{member}/LICENSE", "Apache License", "Licence") for member in MEMBERS),
        ("server/pyproject.toml", f"mnemos-contract=={VERSION}", "mnemos-contract==9.9.9"),
        ("clients/python/pyproject.toml", f"mnemos-contract=={VERSION}", "mnemos-contract"),
        (".claude-plugin/marketplace.json", VERSION, "9.9.9"),
        ("plugins/claude/.claude-plugin/plugin.json", VERSION, "9.9.9"),
        ("plugins/opencode/package.json", f'"version": "{VERSION}"', '"version": "9.9.9"'),
        ("plugins/opencode/package.json", '"github:', '"github:elsewhere/'),
        ("plugins/openclaw/package.json", f'"version": "{VERSION}"', '"version": "9.9.9"'),
        ("plugins/openclaw/openclaw.plugin.json", VERSION, "9.9.9"),
        (".github/CODEOWNERS", "@", "@elsewhere-"),
        (".github/ISSUE_TEMPLATE/config.yml", "github.com/", "github.com/elsewhere-"),
    ],
)
def test_a_package_that_differs_is_found_and_corrected(tree: Path, file: str, old: str, new: str) -> None:
    change(tree / file, old, new)

    [problem] = stamp.check(tree)
    assert problem.startswith(f"{file} isn't as the root says")

    assert stamp.write(tree) == [tree / file]
    assert (tree / file).read_bytes() == (ROOT / file).read_bytes()


def test_a_new_version_reaches_every_package_and_the_pins_between_them(tree: Path) -> None:
    changed = stamp.write(tree, "7.8.9")

    assert len(changed) == len(MEMBERS) + len(
        [path for pattern in stamp.MANIFESTS for path in tree.glob(pattern)]
    )
    assert stamp.check(tree) == []
    for member in members.read_members(tree):
        project = members.read_project(member.folder)
        assert project["version"] == "7.8.9"
        assert {f"{name}==7.8.9" for name in member.needs} <= set(project["dependencies"])
    assert members.read_project(tree)["version"] == "7.8.9"


def test_a_new_member_needs_only_its_entry_in_the_workspace(tree: Path) -> None:
    shutil.copytree(tree / "contract", tree / "more")
    change(tree / "more" / "pyproject.toml", "mnemos-contract", "mnemos-more")
    change(tree / "more" / "pyproject.toml", f'version = "{VERSION}"', 'version = "0.0.0"')
    change(tree / "server" / "pyproject.toml", "dependencies = [", 'dependencies = [\n    "mnemos-more",')
    change(tree / "pyproject.toml", "\nmembers = [", '\nmembers = ["more", ')
    (tree / "more" / "LICENSE").unlink()

    stamp.write(tree)

    assert f"mnemos-more=={VERSION}" in members.read_project(tree / "server")["dependencies"]
    assert members.read_project(tree / "more")["version"] == VERSION
    assert (tree / "more" / "LICENSE").is_file()


def test_a_package_without_a_place_for_the_version_is_an_error(tree: Path) -> None:
    change(tree / "contract" / "pyproject.toml", f'version = "{VERSION}"', 'dynamic = ["version"]')

    with pytest.raises(stamp.Unstampable, match="contract"):
        stamp.check(tree)


@pytest.mark.parametrize("wrong", ["1.2", "v1.2.3", "1.2.3rc1", "01.2.3", "1.2.3-rc.1"])
def test_a_version_that_only_one_registry_accepts_is_refused(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert version.main([wrong]) == 1
    assert f"{wrong} isn't of the form 1.2.3" in capsys.readouterr().err


def test_a_tag_is_released_only_as_its_version_and_with_a_section_in_the_changelog(tree: Path) -> None:
    changelog = tree / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## Unreleased\n\n- A change.\n", encoding="utf-8")

    assert version.check_tag(tree, f"v{VERSION}9") == [
        f"the tag is v{VERSION}9, but the version is {VERSION}",
        f"CHANGELOG.md has no section for {VERSION}",
    ]

    change(changelog, "## Unreleased", f"## {VERSION} - 2026-12-01")

    assert version.check_tag(tree, f"v{VERSION}") == []
