"""Set-up and doctor run the hooks as the hosts do, and report whether prompts are answered in time."""

from __future__ import annotations

import json
import time

import pytest
from mnemos.hooks.circuit import Outcome, change_record
from mnemos.hooks.state import State
from mnemos.setup.hook_check import Timing, time_runs
from mnemos.setup.recalls import advise

from clients.python.tests.setup.support import examine


@pytest.fixture
def set_up(desk, scripted, memories, monkeypatch):
    """Sets up a machine with Claude Code, with all checks."""
    assert scripted.decide is memories
    monkeypatch.setattr("mnemos.setup.hook_check.RUNS", 2)
    desk.add_host("claude")
    desk.add_mnemos()
    flags = ("--url", scripted.url, "--api-key-stdin", "--source", str(desk.tree), "--yes")
    return lambda: desk.run("setup", *flags, given=scripted.api_key)


def record(desk, url, *outcomes, is_slow=True):
    """Write down how real recalls went."""
    state = State(desk.home / ".local" / "state" / "mnemos")
    for outcome in outcomes:
        change_record(state, url, lambda before, o=outcome: before.add(o, is_slow=is_slow and bool(o.reason)))


def list_hooks(output):
    return [line for line in output.splitlines() if line[5:].startswith("hooks ")]


def test_set_up_ends_with_the_hooks_that_the_host_will_run(set_up, memories, desk):
    result = set_up()

    assert result.exit_code == 0, result.output
    (line,) = list_hooks(result.output)
    assert line.startswith("ok   hooks        Claude Code: answered in time 2 of 2, median ")
    assert memories.kept == {}
    assert memories.deleted == 2
    assert not (desk.home / ".local" / "state").exists()  # what was tried is no state of a session


def test_set_up_with_a_server_that_never_answers_a_prompt_in_time_is_not_ok(
    set_up, memories, answer, monkeypatch
):
    monkeypatch.setenv("MNEMOS_HOOK_TIMEOUT_MS", "300")
    memories.hook = answer(fate="hang")

    result = set_up()

    assert result.exit_code == 1
    (line,) = list_hooks(result.output)
    assert line.startswith("BAD  hooks        Claude Code: answered in time 0 of 2; ")
    assert "→ export MNEMOS_HOOK_TIMEOUT_MS=1000" in result.output
    assert memories.kept == {}


def test_doctor_runs_the_hooks_of_every_host(well):
    result = well.run("doctor")

    assert [line[18:].partition(", median")[0] for line in list_hooks(result.output)] == [
        "Claude Code: answered in time 1 of 1",
        "OpenCode: answered in time 1 of 1",
        "OpenClaw: answered in time 1 of 1",
    ]


def test_doctor_reports_a_server_that_refuses_what_hooks_ask(well, memories, error_response):
    memories.hook = error_response(503, "database_unavailable")
    exit_code, found = examine(well)
    assert exit_code == 1
    assert found["hooks"]["words"].startswith("OpenClaw: answered in time 0 of 1; status 503")
    assert found["hooks"]["fix"] == "mnemos status"


def test_a_block_without_the_memory_is_no_answer(well, memories, answer):
    memories.hook = answer(200, {"memories": [], "total": 0, "limit": 5, "offset": 0})
    exit_code, found = examine(well)
    assert exit_code == 1
    assert "answered in time 0 of 1; the memory wasn't shown" in found["hooks"]["words"]


def test_the_command_is_the_one_of_the_installed_plugin(well):
    """Not the one that this client would install."""
    path = next((well.home / ".claude" / "plugins").rglob("hooks.json"))
    path.write_text(path.read_text().replace('"mnemos"', '"mnemos-of-before"'))
    result = well.run("doctor")
    assert result.exit_code == 1
    assert "Claude Code: not checked: hosts can't start mnemos-of-before" in result.output


def test_the_settings_of_the_host_apply_to_its_hook(well, scripted):
    path = well.home / ".claude" / "settings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"env": {"MNEMOS_AGENT_ID": "reviewer"}}))

    well.run("doctor")

    agents = [request.headers.get("x-mnemo-agent-id") for request in scripted.received]
    assert {"reviewer", "opencode", "openclaw"} < set(agents)
    assert "claude-code" not in agents


@pytest.mark.parametrize(("limit", "advice"), [("300", "export MNEMOS_HOOK_TIMEOUT_MS=1000"), ("4000", "")])
def test_more_time_is_proposed_up_to_what_hosts_wait(limit, advice):
    timing = Timing(3, [], "TimeoutError: timed out after 301 ms")
    assert advise({"MNEMOS_HOOK_TIMEOUT_MS": limit}, timing) == (advice or "mnemos status")


def test_an_option_of_the_plugin_for_opencode_applies_to_its_hook(well):
    path = next((well.home / ".config" / "opencode").iterdir())
    source = str(well.tree / "plugins" / "opencode")
    path.write_text(json.dumps({"plugin": [[source, {"command": "/nowhere/mnemos"}]]}))
    assert "OpenCode: not checked: hosts can't start /nowhere/mnemos" in well.run("doctor").output


def test_a_key_that_only_the_host_can_read_is_no_fault(well):
    path = well.home / ".openclaw" / "openclaw.json"
    values = json.loads(path.read_text())
    values["plugins"]["entries"]["mnemos"]["config"] = {"url": "http://x", "apiKey": "__OPENCLAW_REDACTED__"}
    path.write_text(json.dumps(values))
    exit_code, found = examine(well)
    assert (exit_code, found["hooks"]["mark"]) == (0, "--")
    assert found["hooks"]["words"] == "OpenClaw: not checked: the key in the plugin's options can't be read"


def test_without_a_server_no_hook_is_run(well, monkeypatch):
    monkeypatch.setenv("MEM9_API_URL", "http://127.0.0.1:1")
    exit_code, found = examine(well)
    assert exit_code == 3
    assert found.get("hooks", {"mark": "--"})["mark"] == "--"


def test_the_last_real_recalls_are_counted(well, scripted):
    now = int(time.time())
    in_time = [Outcome(now, 54)] * 48
    record(well, scripted.url, Outcome(now - 900, 1003, "timed out"), *in_time)
    exit_code, found = examine(well)
    assert exit_code == 0
    assert found["recalls"]["words"] == (
        "the last ones answered in time 48 of 49, median 54 ms; last miss: timed out"
    )
    assert "circuit" not in found


def test_an_open_circuit_is_told_with_its_reason_and_ended_by_a_fix(well, scripted):
    record(well, scripted.url, Outcome(int(time.time()), 1003, "timed out"))

    exit_code, found = examine(well)

    assert exit_code == 1
    assert found["circuit"]["words"].startswith(f"hooks don't ask {scripted.url} until ")
    assert found["circuit"]["words"].endswith("after: timed out")
    assert found["circuit"]["fix"] == "mnemos doctor --fix"
    assert found["hooks"]["mark"] == "ok"  # it is open for prompts, not for the check
    exit_code, found = examine(well, "--fix")
    assert (exit_code, "circuit" in found) == (0, False)


def test_set_up_that_reaches_the_server_closes_the_circuit(set_up, desk, scripted):
    record(desk, scripted.url, Outcome(int(time.time()), 1003, "timed out"))
    assert set_up().exit_code == 0
    assert "circuit" not in examine(desk)[1]


@pytest.mark.parametrize("damaged", ["{", "[]"])
def test_a_damaged_record_is_no_obstacle(well, scripted, damaged):
    record(well, scripted.url, Outcome(1, 2, "x"))
    (path,) = (well.home / ".local" / "state" / "mnemos" / "servers").iterdir()
    path.write_text(damaged)
    assert examine(well, "--fix")[0] == 0


def test_a_hopeless_check_ends_early():
    timing = time_runs(lambda _number: (1000.0, "timed out"))
    assert timing.describe() == "answered in time 0 of 3; timed out"
    assert not timing.is_well


@pytest.mark.parametrize(("late", "is_well"), [((), True), ((4,), True), ((0, 4), False)])
def test_one_late_run_of_ten_is_forgiven(late, is_well):
    timing = time_runs(lambda number: (50.0 + number, "late" if number in late else ""))
    assert timing.is_well is is_well
    assert timing.describe().startswith(f"answered in time {10 - len(late)} of 10, median 5")
