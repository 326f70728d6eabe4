"""`mnemos setup` on the real Claude Code: the first turn recalls, and `uninstall` restores the home."""

from __future__ import annotations

import json
import os
import pty
import select
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.claude.program import ROOT, Claude, find_claude
from tests.hosts.machines import PROGRAM, Desk
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel
from tests.support.servers import RunningServer

pytestmark = pytest.mark.timeout(240)

#: Files that Claude Code writes for itself in every run; the settings below `.claude` are compared.
ITS_OWN = (".claude.json", ".claude/backups")
#: Files that Claude Code and the test write in a turn.
OF_A_TURN = (
    ".claude/plugins/store", "project", f"claude-{os.getuid()}", "cc-socks", ".cache", ".npm",
    *(f".claude/{name}" for name in ("projects", "sessions", "shell-snapshots", "session-env", "todos")),
    *(f".claude/{name}" for name in ("statsig", "debug", "history.jsonl", "tasks", "cache")),
)  # fmt: skip


@pytest.fixture
def claude(tmp_path: Path, model: ScriptedModel) -> Claude:
    """Claude Code in an empty home, without settings of a memory."""
    found = Claude(tmp_path / "home", model.url, with_plugin_folder=False)
    found.home.mkdir()
    return found


@pytest.fixture
def desk(claude: Claude) -> Desk:
    """The machine with that Claude Code."""
    made = Desk(claude.home, claude.make_environment())
    made.add_program("claude", Path(find_claude()))
    return made


@pytest.fixture
def key_file(tmp_path: Path, mnemo_server: RunningServer) -> str:
    path = tmp_path / "key"
    path.write_text(f"{mnemo_server.api_key}\n")
    return str(path)


@pytest.fixture
def set_up(desk: Desk, mnemo_server: RunningServer, key_file: str) -> Callable[[], str]:
    """Runs set-up with flags, and returns what it printed."""

    def run() -> str:
        flags = ("--url", mnemo_server.url, "--api-key-file", key_file, "--host", "claude")
        done = desk.mnemos("setup", *flags, "--source", str(ROOT), "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        assert mnemo_server.api_key not in done.stdout + done.stderr
        return done.stdout

    return run


def test_the_first_turn_recalls_and_uninstall_restores_the_home(
    set_up: Callable[[], str], desk: Desk, claude: Claude, model: ScriptedModel, memory: Client
) -> None:
    memory.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    before = desk.look()

    assert "ok   recall       stored, found" in set_up()
    model.rules = [Rule("who am I", (CallTool("memory_search", {"q": "Ada"}), Say("Ada.")))]
    turn = claude.ask("who am I")

    assert not [name for name in claude.make_environment() if name.startswith("MEM9")]
    assert turn.output["result"] == "Ada."
    assert "SessionStart hook additional context" in model.requests[0].text
    assert "Ada Quill" in model.requests[0].text
    assert "Ada Quill" in model.requests[-1].tool_results[-1]

    done = desk.mnemos("uninstall", "--yes", "--purge")

    assert done.returncode == 0, done.stdout + done.stderr
    after = desk.look(*ITS_OWN, *OF_A_TURN)
    folders = {name for name, what in after.items() if what.startswith("folder")}
    assert folders <= {".claude", ".claude/plugins"}  # with what Claude Code writes for itself
    assert {name: after[name] for name in set(after) - folders} == before
    assert "mnemos" not in (claude.home / ".claude.json").read_text()


def test_uninstall_restores_a_home_that_has_files_and_settings(set_up: Callable[[], str], desk: Desk) -> None:
    folder = desk.home / ".claude"
    folder.mkdir(mode=0o700)
    (folder / "settings.json").write_text('{ "model":"opus",\n\n "enabledPlugins": {"other@market": false} }')
    (desk.home / ".config").mkdir()
    (desk.home / ".bashrc").write_text("# mine\n")
    before = desk.look()

    set_up()
    assert json.loads((folder / "settings.json").read_text())["enabledPlugins"]["mnemos@mnemos"] is True
    done = desk.mnemos("uninstall", "--yes")

    assert done.returncode == 0, done.stdout + done.stderr
    assert desk.look(*ITS_OWN) == before


def test_settings_that_the_user_changed_meanwhile_stay(set_up: Callable[[], str], desk: Desk) -> None:
    settings = desk.home / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{"model": "opus"}')
    set_up()
    values = json.loads(settings.read_text())
    settings.write_text(json.dumps({**values, "model": "sonnet"}))

    done = desk.mnemos("uninstall", "--yes")

    assert done.returncode == 0
    assert "changed since, so only entries of mnemos were removed: ~/.claude/settings.json" in done.stdout
    assert json.loads(settings.read_text()) == {"model": "sonnet"}


def test_a_second_setup_changes_nothing(set_up: Callable[[], str], desk: Desk) -> None:
    set_up()
    before = desk.look(*ITS_OWN)

    printed = set_up()

    assert printed.count(", unchanged") == 2
    assert desk.look(*ITS_OWN) == before


def test_doctor_finds_no_problem(set_up: Callable[[], str], desk: Desk) -> None:
    set_up()

    done = desk.mnemos("doctor", "--json")

    report = json.loads(done.stdout)
    assert (done.returncode, report["is_well"]) == (0, True)
    found = {finding["name"]: finding for finding in report["findings"]}
    assert found["Claude Code"]["mark"] == "ok"
    assert "2.1.330, plugin 0.1.0" in found["Claude Code"]["words"]


def test_a_disabled_plugin_is_reported_with_the_command_that_fixes_it(
    set_up: Callable[[], str], desk: Desk, claude: Claude
) -> None:
    set_up()
    assert claude.run("plugin", "disable", "mnemos@mnemos").returncode == 0

    done = desk.mnemos("doctor")
    assert done.returncode == 1
    assert "the plugin is disabled" in done.stdout
    assert "claude plugin enable mnemos@mnemos" in done.stdout

    set_up()
    assert desk.mnemos("doctor").returncode == 0


def test_the_wizard_sets_up_what_was_answered(
    desk: Desk, mnemo_server: RunningServer, memory: Client
) -> None:
    screen = run_wizard(
        desk,
        [
            ("Address of your mnemo-server", "http://127.0.0.1:1"),
            ("can't be reached", None),
            ("Address of your mnemo-server", mnemo_server.url),
            ("Key (leave empty for a new, empty memory)", mnemo_server.api_key),
            ("Set up Claude Code? [Y/n]", ""),
            ("Continue? [Y/n]", "y"),
        ],
    )

    assert "recall       stored, found" in screen
    assert mnemo_server.api_key not in screen
    credentials = json.loads((desk.home / ".config" / "mnemos" / "credentials.json").read_text())
    assert credentials["profiles"]["default"] == {"url": mnemo_server.url, "api_key": mnemo_server.api_key}
    assert [found.content for found in memory.list_memories().memories] == []
    assert "mnemos@mnemos" in (desk.home / ".claude" / "settings.json").read_text()


def run_wizard(desk: Desk, answers: list[tuple[str, str | None]]) -> str:
    """Run set-up at a terminal and return the screen.

    Each answer is typed when its question appears; None types nothing.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(desk.home)
        os.execve(PROGRAM, ["mnemos", "setup"], desk.environ)  # noqa: S606 - the program under test
    screen, seen, waiting = "", 0, list(answers)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            data = os.read(terminal, 65_536)
        except OSError:  # on Linux, when the other side is closed
            data = b""
        if not data:
            break
        screen += data.decode(errors="replace")
        while waiting and waiting[0][0] in screen[seen:]:
            question, answer = waiting.pop(0)
            seen = screen.index(question, seen) + len(question)
            if answer is not None:
                os.write(terminal, f"{answer}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert not waiting, screen
    assert os.waitstatus_to_exitcode(status) == 0, screen
    return screen
