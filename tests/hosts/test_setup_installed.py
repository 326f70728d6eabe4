"""mnemos from its wheel, in a fresh home: `mnemos setup` installs the plugins that are in the wheel."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.claude.program import Claude, find_claude
from tests.hosts.machines import Desk
from tests.hosts.opencode.program import OpenCode, find_opencode
from tests.hosts.wheels import ROOT, build_wheels, install_mnemos
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel
from tools import bundle_plugins

pytestmark = pytest.mark.timeout(300)

BROUGHT = "mnemos/_plugins/plugins/"
#: Files that the two hosts and the tests write in a home.
THEIR_OWN = (
    ".claude.json", ".cache", ".npm", "stderr.log", ".local/share/opencode", ".local/state/opencode",
    *(f".config/opencode/{name}" for name in (".gitignore", "package-lock.json", "node_modules")),
    *(f".claude/{name}" for name in ("backups", "projects", "sessions", "shell-snapshots", "session-env")),
    *(f".claude/{name}" for name in ("statsig", "debug", "history.jsonl", "tasks", "todos", "cache")),
    ".claude/plugins/store",
)  # fmt: skip


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of mnemos that are published for a user's machine."""
    return build_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def program(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed `mnemos`, which has no working tree."""
    return install_mnemos(tmp_path_factory.mktemp("installed") / "venv", wheels)


def test_the_wheel_contains_the_plugins_as_they_are_published(wheels: list[Path], tmp_path: Path) -> None:
    bundles = bundle_plugins.bundle(ROOT, tmp_path)
    published = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    [client] = [wheel for wheel in wheels if wheel.name.startswith("mnemos_client")]

    names = zipfile.ZipFile(client).namelist()

    assert len(bundles) == 3
    brought = {name.removeprefix(BROUGHT) for name in names if name.startswith(BROUGHT)}
    assert brought == {name for name in published if not name.endswith("/LICENSE")}
    assert "mnemos/_plugins/.claude-plugin/marketplace.json" in names


def test_in_a_fresh_home_the_first_turns_recall_and_uninstall_restores_it(
    program: Path, model: ScriptedModel, options: dict[str, str], notes: Client, tmp_path: Path
) -> None:
    notes.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    model.rules = [Rule("who am I", (CallTool("memory_search", {"q": "Ada"}), Say("Ada.")))]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    installed = {"PATH": f"{program.parent}:/usr/bin:/bin", "TMPDIR": str(temporary)}
    claude = Claude(tmp_path / "home", model.url, installed, with_plugin_folder=False)
    opencode = OpenCode(tmp_path / "home", model.url, installed)
    folder = opencode.add_project("project")
    desk = Desk(tmp_path / "home", opencode.make_environment() | claude.make_environment(), program)
    desk.add_program("claude", Path(find_claude()))
    desk.add_program("opencode", Path(find_opencode()))
    (tmp_path / "key").write_text(options["apiKey"])

    before = desk.look("project")
    flags = ("--url", options["url"], "--api-key-file", str(tmp_path / "key"))
    done = desk.mnemos("setup", "--yes", "--host", "claude", "--host", "opencode", *flags)
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(ROOT) not in (desk.home / ".config" / "opencode" / "opencode.json").read_text()

    assert claude.ask("who am I").output["result"] == "Ada."
    assert_recalled(model)
    assert opencode.ask(folder, "who am I").stdout.strip() == "Ada."
    assert_recalled(model)

    done = desk.mnemos("uninstall", "--yes", "--purge")
    assert done.returncode == 0, done.stdout + done.stderr
    after = desk.look(*THEIR_OWN, "project")
    filled = {name for name in after if (path := desk.home / name).is_dir() and any(path.iterdir())}
    assert {name: after[name] for name in set(after) - filled} == before
    assert filled <= {
        ".claude",
        ".claude/plugins",
        ".config",
        ".config/opencode",
        ".local",
        ".local/share",
        ".local/state",
    }
    assert "mnemos" not in (desk.home / ".claude.json").read_text()


def assert_recalled(model: ScriptedModel) -> None:
    """Check that the turn began with the memory and that the tool found it; then clear the log."""
    assert "Ada Quill" in model.requests[0].text
    assert "Ada Quill" in model.requests[-1].tool_results[-1]
    model.requests.clear()
