"""`mnemos setup` on the real OpenClaw: the first turn recalls, and `uninstall` restores the settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.machines import Desk
from tests.hosts.openclaw.gateway import wait_for_end
from tests.hosts.openclaw.program import ROOT, OpenClaw, find_openclaw
from tests.support.interfaces.rest import provision
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel
from tests.support.servers import RunningServer

pytestmark = pytest.mark.timeout(400)

#: Files that OpenClaw writes for itself in every run.
ITS_OWN = (
    *(f".openclaw/{name}" for name in ("state", "agents", "tmp", "config-journal-fingerprint.key")),
    ".cache",
)


def test_the_first_turn_recalls_and_uninstall_restores_the_settings(
    tmp_path: Path, model: ScriptedModel, claw_server: RunningServer
) -> None:
    """All in one test, since each start of OpenClaw takes seconds."""
    api_key = provision(claw_server.url)
    with Client(claw_server.url, api_key) as notes:
        notes.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    model.rules = [Rule("who am I", (CallTool("memory_search", {"q": "Ada"}), Say("Ada.")))]
    openclaw = OpenClaw(tmp_path / "home", model.url)
    openclaw.configure(with_plugin=False)
    openclaw.config_path.parent.chmod(0o700)  # as OpenClaw has it
    desk = Desk(openclaw.home, openclaw.make_environment())
    desk.add_program("openclaw", find_openclaw())
    (tmp_path / "key").write_text(api_key)
    before = desk.look()

    flags = ("--url", claw_server.url, "--api-key-file", str(tmp_path / "key"), "--host", "openclaw")
    done = desk.mnemos("setup", *flags, "--source", str(ROOT), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert api_key not in done.stdout + openclaw.config_path.read_text()
    set_up = desk.look(*ITS_OWN)

    again = desk.mnemos("setup", *flags, "--source", str(ROOT), "--yes")
    assert again.stdout.count(", unchanged") == 2, again.stdout + again.stderr
    assert desk.look(*ITS_OWN) == set_up

    report = json.loads(desk.mnemos("doctor", "--json").stdout)
    [found] = [finding for finding in report["findings"] if finding["name"] == "OpenClaw"]
    assert report["is_well"], report
    assert (found["mark"], found["fix"]) == ("ok", "")

    turn = openclaw.ask_locally("first", "who am I")
    wait_for_end(openclaw.home)
    assert not [name for name in openclaw.make_environment() if name.startswith("MEM9")]
    assert "Ada." in turn.stdout, turn.stdout + turn.stderr
    assert "Ada Quill" in model.requests[0].text
    assert "Ada Quill" in model.requests[-1].tool_results[-1]

    done = desk.mnemos("uninstall", "--yes", "--purge")
    assert done.returncode == 0, done.stdout + done.stderr
    after = desk.look(*ITS_OWN)
    skills = {name for name in after if name.startswith(".openclaw/plugin-skills")}  # links to all plugins'
    assert not [name for name in skills if "memory" in name]
    assert {name: after[name] for name in set(after) - skills} == before
