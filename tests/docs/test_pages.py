"""The pages are true: links lead somewhere, names exist, nothing is missing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.release.members import read_members

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    ROOT / path
    for path in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    ).stdout.splitlines()
)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#[^)]*)?\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
#: A module with at least one folder before it: how prose names a file of this repository.
MODULE = re.compile(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|sql|js))`")
FILES = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
).stdout.splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    targets = LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))

    broken = [target for target in targets if target and not (page.parent / target).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_modules_that_a_page_names_exist(page: Path):
    named = set(MODULE.findall(page.read_text(encoding="utf-8")))

    assert [
        name for name in sorted(named) if not any(f"/{file}".endswith(f"/{name}") for file in FILES)
    ] == []


def test_the_readme_lists_every_session_that_runs_by_default():
    listed = set(re.findall(r"`([a-z0-9]+(?:\([a-z]+\))?)`", README_TABLE))
    sessions = subprocess.run(
        [sys.executable, "-m", "nox", "--list-sessions"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    defaults = set(re.findall(r"^\* ([a-z0-9]+(?:\([a-z]+\))?)", sessions, re.MULTILINE))

    assert listed == defaults


README = (ROOT / "README.md").read_text(encoding="utf-8")
README_TABLE = README[README.index("| session |") : README.index("- [Architecture]")]


def test_a_page_that_installs_from_the_clone_by_pip_names_every_package_that_is_needed():
    members = {f"./{member.folder.relative_to(ROOT)}": member for member in read_members(ROOT)}
    folders = {member.name: folder for folder, member in members.items()}
    commands = [
        (page, command.split())
        for page in PAGES
        for command in re.findall(r"pip install((?:\s+\./[\w/]+)+)", page.read_text(encoding="utf-8"))
    ]

    assert commands
    for page, given in commands:
        needed = {folders[name] for folder in given for name in members[folder].needs}
        assert needed <= set(given), page.relative_to(ROOT)


def test_decisions_are_numbered_without_gaps_and_have_the_four_parts():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))

    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(page.name[:4])}. "), page.name
        for part in ("**Context.**", "**Decision.**", "**Price.**", "**Look again**"):
            assert part in text, f"{page.name} lacks {part}"


def test_the_places_of_the_architecture_page_exist():
    text = (ROOT / "docs" / "developing" / "architecture.md").read_text(encoding="utf-8")
    table = text[text.index("## Where do I put") : text.index("## One database")]
    names = re.findall(r"`((?:contract|server|clients|sql|skills|bench|docs|noxfile)[\w./…<>-]*)`", table)

    assert len(names) > 10
    for name in names:
        below = "server/…/" if name.startswith("sql/") else ""
        pattern = (
            (below + name).replace("…/", "**/").replace("<store>", "*").replace("<name>", "*").rstrip("/")
        )
        assert any(ROOT.glob(pattern)), name
