"""The published plugin can be installed in OpenClaw, works there, and can be uninstalled."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.openclaw.gateway import wait_for_end
from tests.hosts.openclaw.program import OpenClaw, bundle_plugin
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel
from tests.support.servers import RunningServer

pytestmark = pytest.mark.timeout(300)

INSTALL = "openclaw plugins install {} --force --accept-capabilities"
TOOLS = ["memory_store", "memory_search", "memory_get", "memory_update", "memory_delete"]
HOOKS = {
    "before_prompt_build",
    "agent_end",
    "before_reset",
    "session_end",
    "after_compaction",
    "gateway_stop",
}


@pytest.fixture
def openclaw(tmp_path: Path, model: ScriptedModel) -> OpenClaw:
    """OpenClaw as a user has it before installing the plugin."""
    openclaw = OpenClaw(tmp_path / "home", model.url)
    openclaw.configure(with_plugin=False)
    return openclaw


def test_a_folder_is_installed_fills_the_memory_slot_and_is_uninstalled(openclaw: OpenClaw) -> None:
    openclaw.do(INSTALL.format(bundle_plugin()))
    openclaw.set_up()

    found = json.loads(openclaw.do("openclaw plugins inspect mnemos --runtime --json"))
    plugin = found["plugin"]
    assert (plugin["status"], plugin["memorySlotSelected"], plugin["kind"]) == ("loaded", True, "memory")
    assert plugin["toolNames"] == TOOLS
    assert {hook["name"] for hook in found["typedHooks"]} == HOOKS
    assert found["diagnostics"] == []

    openclaw.do("openclaw plugins uninstall mnemos --force")
    plugins = json.loads(openclaw.config_path.read_text())["plugins"]
    assert plugins.get("slots", {}).get("memory") != "mnemos"
    assert not (openclaw.home / ".openclaw" / "extensions" / "mnemos").exists()


def test_a_packed_package_is_installed_and_finds_the_server_in_the_environment(
    openclaw: OpenClaw, model: ScriptedModel, claw_server: RunningServer, claw_notes: Client
) -> None:
    claw_notes.store_memory(content="The lamp needs whale oil.", memory_type="pinned")
    model.rules = [Rule("lamp", (CallTool("memory_search", {"q": "lamp"}), Say("Whale oil.")))]
    openclaw.do(INSTALL.format(f"npm-pack:{pack(openclaw.home)}"))
    openclaw.set_up()
    openclaw.variables = {"MEM9_API_URL": claw_server.url, "MEM9_API_KEY": claw_server.api_key}

    assert "Whale oil." in openclaw.ask_locally("packed", "What does the lamp need?").stdout

    wait_for_end(openclaw.home)
    assert "The lamp needs whale oil." in model.requests[0].text
    [found] = json.loads(model.requests[-1].tool_results[-1])["memories"]
    assert found["content"] == "The lamp needs whale oil."


def pack(folder: Path) -> Path:
    """Pack the plugin as npm publishes it, with only the files that its manifest names."""
    npm = shutil.which("npm")
    assert npm is not None
    command = [npm, "pack", "--silent", str(bundle_plugin())]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60)
    return folder / done.stdout.strip()
