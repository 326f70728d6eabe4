"""`mnemos setup` on the real OpenCode: the first turn recalls, and no turn does after `uninstall`."""

from __future__ import annotations

from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.machines import Desk
from tests.hosts.opencode.program import ROOT, OpenCode, find_opencode
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel

pytestmark = pytest.mark.timeout(240)


def test_the_first_turn_recalls_and_after_uninstall_nothing_is_left(
    script: ScriptedModel, options: dict[str, str], notes: Client, tmp_path: Path
) -> None:
    notes.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    script.rules = [Rule("who am I", (CallTool("memory_search", {"q": "Ada"}), Say("Ada.")))]
    opencode = OpenCode(tmp_path / "home", script.url)
    folder = opencode.add_project("project")
    desk = Desk(opencode.home, opencode.make_environment())
    desk.add_program("opencode", Path(find_opencode()))
    (tmp_path / "key").write_text(options["apiKey"])

    flags = ("--url", options["url"], "--api-key-file", str(tmp_path / "key"), "--host", "opencode")
    done = desk.mnemos("setup", *flags, "--source", str(ROOT), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert opencode.ask(folder, "who am I").stdout.strip() == "Ada."
    assert "Ada Quill" in script.requests[0].text
    assert "Ada Quill" in script.requests[-1].tool_results[-1]

    script.requests.clear()
    assert desk.mnemos("uninstall", "--yes").returncode == 0
    assert opencode.ask(folder, "who am I").returncode == 0
    assert "Ada Quill" not in script.requests[0].text
    assert not [name for name in script.requests[0].tool_names if name.startswith("memory_")]
