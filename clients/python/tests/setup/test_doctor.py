"""`mnemos doctor` names every broken link with the command that fixes it."""

from __future__ import annotations

import json
import os
import time

import pytest

from clients.python.tests.setup.support import examine


def test_all_is_well(well, scripted):
    result = well.run("doctor")
    assert result.exit_code == 0, result.output
    assert [line[:5].strip() for line in result.stdout.splitlines()] == ["ok"] * 14 + ["--"]
    assert "ok   OpenClaw     2026.9.6, plugin 0.1.0 in ~/.openclaw/extensions/mnemos" in result.stdout
    assert scripted.api_key not in result.output


def test_nothing_set_up_is_told_with_where_to_begin(desk, silent_url):
    exit_code, found = examine(desk)
    assert exit_code == 3  # nobody listens at the default address
    assert found["address"]["words"].startswith(silent_url)
    assert (found["credentials"]["mark"], found["credentials"]["fix"]) == ("BAD", "mnemos setup")
    assert found["address"]["words"].endswith("; no key")
    assert (found["mnemos"]["mark"], found["mnemos"]["fix"]) == ("BAD", "mnemos setup --link")
    assert (found["Claude Code"]["mark"], found["Claude Code"]["fix"]) == ("--", "")


def test_keys_that_others_can_read_are_told_and_fixed(well):
    path = well.config / "credentials.json"
    path.chmod(0o644)
    exit_code, found = examine(well)
    assert exit_code == 1
    assert f"chmod 600 '{path}'" in found["credentials"]["fix"]

    assert examine(well, "--fix")[0] == 0
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_folder_of_the_keys_counts_too(well):
    well.config.chmod(0o755)
    exit_code, found = examine(well)
    assert (exit_code, found["credentials"]["mark"]) == (1, "BAD")


def test_a_damaged_file_is_told(well):
    (well.config / "credentials.json").write_text("{")
    exit_code, found = examine(well)
    assert exit_code == 1
    assert (found["credentials"]["fix"], found["address"]["mark"]) == ("mnemos setup", "--")


def test_a_profile_that_is_not_there_is_told(well, monkeypatch):
    monkeypatch.setenv("MNEMOS_PROFILE", "x")
    exit_code, found = examine(well)
    assert exit_code == 1
    assert found["address"]["fix"] == "unset MNEMOS_PROFILE"


def test_a_key_that_is_kept_back_is_told(well, monkeypatch):
    monkeypatch.setenv("MEM9_API_URL", "http://127.0.0.1:1")
    exit_code, found = examine(well)
    assert exit_code == 3
    assert "no key, since that of profile 'default' is for another address" in found["address"]["words"]
    assert found["address"]["fix"] == "unset MEM9_API_URL"
    assert (found["server"]["mark"], found["key"]["words"]) == ("BAD", "not checked")


def test_what_the_server_says_is_told(well, memories, answer, error_response):
    memories.fixed |= {
        "/readyz": error_response(503, "database_unavailable"),
        "/v1alpha2/status": answer(200, {"status": "inactive"}),
    }
    exit_code, found = examine(well)
    assert exit_code == 1
    assert (found["database"]["mark"], found["key"]["mark"], found["key"]["fix"]) == (
        "BAD",
        "BAD",
        "mnemos setup",
    )


@pytest.mark.parametrize(
    ("setting", "words", "fix"),
    [
        (
            "hooks.allowConversationAccess",
            "aren't allowed to read conversations",
            "openclaw config set plugins.entries.mnemos.hooks.allowConversationAccess true",
        ),
        ("enabled", "is disabled", "openclaw config set plugins.entries.mnemos.enabled true"),
    ],
)
def test_settings_of_openclaw_that_are_wrong_are_told(well, setting, words, fix):
    path = well.home / ".openclaw" / "openclaw.json"
    values = json.loads(path.read_text())
    place = values["plugins"]["entries"]["mnemos"]
    *parents, last = setting.split(".")
    for name in parents:
        place = place[name]
    place[last] = False
    path.write_text(json.dumps(values))

    exit_code, found = examine(well)

    assert exit_code == 1
    assert words in found["OpenClaw"]["words"]
    assert found["OpenClaw"]["fix"] == fix


def test_openclaws_own_memory_beside_ours_is_told(well):
    path = well.home / ".openclaw" / "openclaw.json"
    values = json.loads(path.read_text())
    values["plugins"]["entries"]["memory-core"]["enabled"] = True
    path.write_text(json.dumps(values))
    fix = "openclaw config set plugins.entries.memory-core.enabled false"
    assert examine(well)[1]["OpenClaw"]["fix"] == fix


def test_a_memory_slot_that_is_anothers_is_told(well):
    path = well.home / ".openclaw" / "openclaw.json"
    values = json.loads(path.read_text())
    values["plugins"]["slots"]["memory"] = "memory-core"
    path.write_text(json.dumps(values))
    assert examine(well)[1]["OpenClaw"]["fix"] == "openclaw config set plugins.slots.memory mnemos"


def test_a_plugin_that_is_gone_from_its_place_is_told(well):
    well.tree.rename(well.tree.with_name("moved"))
    exit_code, found = examine(well)
    assert exit_code == 1
    assert found["OpenCode"]["fix"] == "mnemos setup --host opencode"


def test_a_host_without_the_plugin_is_no_fault(well):
    well.run("uninstall", "--host", "opencode", "--yes")
    exit_code, found = examine(well)
    assert exit_code == 0
    assert (found["OpenCode"]["mark"], found["OpenCode"]["fix"]) == ("--", "mnemos setup --host opencode")


def test_a_host_that_does_not_run_is_told(well):
    (well.programs / "openclaw").write_text("#!/bin/sh\necho needs Node 24 >&2; exit 1\n")
    exit_code, found = examine(well)
    assert exit_code == 1
    assert "needs Node 24" in found["OpenClaw"]["words"]


@pytest.mark.parametrize(("hours", "mark", "exit_code"), [(0, "--", 0), (5, "BAD", 1)])
def test_what_waits_to_be_sent_is_counted(well, hours, mark, exit_code):
    path = well.write(".local/state/mnemos/spool/1.abc.json", "{}")
    os.utime(path, (time.time() - hours * 3600,) * 2)
    code, found = examine(well)
    assert (code, found["spool"]["mark"]) == (exit_code, mark)
    assert found["spool"]["words"].startswith("1 window to send")


def test_what_was_refused_is_counted(well):
    well.write(".local/state/mnemos/rejected/1.abc.json", "{}")
    well.write(".local/state/mnemos/rejected/1.abc.json.reason", "status 400")
    found = examine(well)[1]["rejected"]
    assert found["words"].startswith("1 window rejected by the server")
    assert "/rejected'/*.reason" in found["fix"]


def test_the_last_troubles_of_the_log_are_shown(well):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    lines = [
        "2020-01-01T00:00:00Z 1 UserPromptSubmit: nothing recalled: long ago",
        f"{now} 2 uploaded x",
        f"{now} 3 UserPromptSubmit: nothing recalled: refused\x1b[2J",
    ]
    well.write(".local/state/mnemos/log/hook.log", "\n".join(lines))

    result = well.run("doctor")

    assert "long ago" not in result.output
    assert "uploaded" not in result.output
    assert "nothing recalled: refused·[2J" in result.output


def test_a_variable_that_means_nothing_is_shown_and_is_no_error(well, monkeypatch):
    monkeypatch.setenv("MNEMOS_CAPTUR", "off")
    exit_code, found = examine(well)
    assert exit_code == 0
    assert found["variables"]["mark"] == "--"
    assert found["variables"]["words"].endswith("did you mean MNEMOS_CAPTURE?")
