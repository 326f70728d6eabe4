"""A turn of OpenClaw goes on, whatever the plugin is missing."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import pytest
from mnemos import Client

from tests.hosts.conftest import wait_until
from tests.hosts.openclaw.gateway import Gateway, find_tool_servers, run_gateway, wait_for_end
from tests.hosts.openclaw.program import SETUP, OpenClaw, find_free_port
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel

pytestmark = pytest.mark.timeout(240)

SEARCH = CallTool("memory_search", {"q": "anything"})


def read_response(model: ScriptedModel) -> dict[str, object]:
    """Return the last tool result that the model received."""
    answer: dict[str, object] = json.loads(model.requests[-1].tool_results[-1])
    return answer


def test_a_turn_goes_on_when_the_server_is_gone_or_hangs_and_new_settings_apply_at_once(
    make_openclaw: Callable[..., OpenClaw], model: ScriptedModel, claw_notes: Client
) -> None:
    claw_notes.store_memory(content="The anchor weighs 31 kilos.", memory_type="pinned")
    model.rules = [Rule("search", (SEARCH, Say("I go on."))), Rule("hung", (Say("I go on too."),))]
    openclaw = make_openclaw()
    right, port = openclaw.settings, find_free_port()
    openclaw.settings = right | {"url": f"http://127.0.0.1:{port}"}
    with run_gateway(openclaw) as gateway:
        assert gateway.ask("gone", "search while the server is gone") == "I go on."
        assert read_response(model)["code"] == "server_unreachable"

        with socket.create_server(("127.0.0.1", port)):  # which never responds
            assert gateway.ask("hung", "hung") == "I go on too."
        own = [request.text for request in model.requests if str(openclaw.workspace) in request.text]
        assert ["<relevant-memories>" in text for text in own] == [False, False, False]

        change_settings(gateway, right)
        gateway.ask("mended", "search now that the server is there")
        assert read_response(model)["ok"] is True
        assert "31 kilos" in model.requests[-1].text
        assert len(find_tool_servers(openclaw.home)) == 1


def change_settings(gateway: Gateway, settings: dict[str, str]) -> None:
    """Change the plugin's settings, and wait until the running gateway has loaded them."""
    before = len(gateway.openclaw.log_path.read_text())
    gateway.openclaw.settings = settings
    gateway.openclaw.configure()
    wait_until(lambda: "reload" in gateway.openclaw.log_path.read_text()[before:])


def test_a_run_without_a_gateway_recalls_and_captures_and_ends_with_all_its_processes(
    make_openclaw: Callable[..., OpenClaw], model: ScriptedModel, claw_notes: Client
) -> None:
    claw_notes.store_memory(content="The anchor weighs 31 kilos.", memory_type="pinned")
    model.rules = [Rule("local", (SEARCH, Say("It does.")))]
    openclaw = make_openclaw()
    openclaw.configure()

    done = openclaw.ask_locally("alone", "a local question")

    assert done.returncode == 0
    wait_for_end(openclaw.home)
    assert "31 kilos" in model.requests[0].text
    kept = claw_notes.list_session_messages(session_id=["alone"]).messages
    assert sorted(message.content for message in kept) == ["It does.", "a local question"]
    assert "recall and capture are off" not in done.stderr + done.stdout


def test_a_run_goes_on_when_mnemos_is_missing_and_the_model_sees_the_error(
    make_openclaw: Callable[..., OpenClaw], model: ScriptedModel
) -> None:
    model.rules = [Rule("local", (SEARCH, Say("I go on.")))]
    openclaw = make_openclaw(command="no-such-mnemos")
    openclaw.configure()

    done = openclaw.ask_locally("missing", "a local question")

    assert done.returncode == 0
    assert "I go on." in done.stdout
    answer = read_response(model)
    assert answer["code"] == "client_missing"
    assert "no-such-mnemos can't be started" in str(answer["error"])


def test_a_user_whose_setup_is_incomplete_sees_the_commands_for_it(
    make_openclaw: Callable[..., OpenClaw], model: ScriptedModel, claw_notes: Client
) -> None:
    claw_notes.store_memory(content="The anchor weighs 31 kilos.", memory_type="pinned")
    model.rules = [Rule("local", (SEARCH, Say("I go on.")))]
    openclaw = make_openclaw()
    openclaw.is_set_up = False
    openclaw.configure()

    done = openclaw.ask_locally("unset", "a local question")

    assert done.returncode == 0
    assert "31 kilos" not in model.requests[0].text
    assert read_response(model)["ok"] is True
    for command in SETUP:
        assert (done.stderr + done.stdout).count(command) == 1
        openclaw.do(command)
    entries = json.loads(openclaw.config_path.read_text())["plugins"]["entries"]
    assert entries["mnemos"]["hooks"] == {"allowConversationAccess": True}
    assert entries["memory-core"]["enabled"] is False
