"""Which server and key set-up saves, and what it requests from the server before and after."""

from __future__ import annotations

import json

import pytest

VERSION = {"version": "0.1.0", "started_at": "2026-11-23T20:00:00Z"}
ACTIVE = {"status": "active"}


@pytest.fixture
def stored(answer, memory):
    """What a server answers to the look whether it remembers: stored, found, deleted."""
    page = {"memories": [memory], "total": 1, "limit": 5, "offset": 0}
    reply = {"status": "accepted", "outcome": "created", "id": memory["id"], "ok": True}
    return (answer(202, reply), answer(200, page), answer(204))


def read_profiles(desk):
    return json.loads((desk.config / "credentials.json").read_text())["profiles"]


def test_server_and_key_are_looked_at_before_and_recall_after(desk, scripted, answer, stored):
    scripted.will_answer(answer(200, VERSION), answer(200, ACTIVE), *stored)

    result = desk.run("setup", "--url", scripted.url, "--api-key-stdin", "--yes", given=scripted.api_key)

    assert result.exit_code == 0, result.output
    assert f"ok   server       {scripted.url}, version 0.1.0" in result.output
    assert "ok   recall       stored, found after" in result.output
    assert scripted.api_key not in result.output
    asked = [(request.method, request.path.partition("?")[0]) for request in scripted.received]
    assert asked == [
        ("GET", "/versionz"),
        ("GET", "/v1alpha2/status"),
        ("POST", "/v1alpha2/mem9s/memories"),
        ("GET", "/v1alpha2/mem9s/memories"),
        ("DELETE", "/v1alpha2/mem9s/memories/0amfm0j0ye4sz"),
    ]


def test_a_memory_of_its_own_is_made_once(desk, scripted, answer, stored):
    scripted.will_answer(answer(200, VERSION), answer(201, {"id": "mnk_made"}), *stored)
    result = desk.run("setup", "--url", scripted.url, "--provision", "--yes")
    assert result.exit_code == 0, result.output
    assert "mnk_made" not in result.output
    assert read_profiles(desk)["default"] == {"url": scripted.url, "api_key": "mnk_made"}

    scripted.will_answer(answer(200, VERSION), answer(200, ACTIVE), *stored)
    again = desk.run("setup", "--url", scripted.url, "--provision", "--yes")
    assert again.exit_code == 0, again.output
    assert read_profiles(desk)["default"]["api_key"] == "mnk_made"


def test_a_key_that_opens_nothing_is_not_written_down(desk, scripted, answer, error_response):
    scripted.will_answer(answer(200, VERSION), error_response(404, "key_not_found"))

    result = desk.run("setup", "--url", scripted.url, "--api-key-stdin", "--yes", given="mnk_wrong")

    assert result.exit_code == 1
    assert "mnk_wrong" not in result.output
    assert desk.look() == {}


def test_an_inactive_key_is_told(desk, scripted, answer):
    scripted.will_answer(answer(200, VERSION), answer(200, {"status": "inactive"}))
    result = desk.run("setup", "--url", scripted.url, "--api-key-stdin", "--yes", given="mnk_1")
    assert result.exit_code == 1
    assert "the key is inactive" in result.output


def test_no_server_is_told_and_nothing_is_changed(desk):
    result = desk.run("setup", "--url", "http://127.0.0.1:1", "--provision", "--yes")
    assert result.exit_code == 3
    assert "can't be reached" in result.output
    assert desk.look() == {}


def test_what_is_stored_and_not_found_again_is_told_and_deleted(desk, scripted, answer, stored, monkeypatch):
    monkeypatch.setattr("mnemos.setup.server.FIND_SECONDS", 0.0)
    nothing = answer(200, {"memories": [], "total": 0, "limit": 5, "offset": 0})
    scripted.will_answer(answer(200, VERSION), answer(200, ACTIVE), stored[0], nothing, nothing, answer(204))
    monkeypatch.setattr("mnemos.setup.server._PAUSE_SECONDS", 0.0)

    result = desk.run("setup", "--url", scripted.url, "--api-key-stdin", "--yes", given="mnk_1")

    assert result.exit_code == 1
    assert "a stored memory wasn't found" in result.output
    assert scripted.received[-1].method == "DELETE"


def test_what_the_environment_says_is_taken_over(desk, monkeypatch):
    monkeypatch.setenv("MEM9_API_URL", "http://env.example")
    monkeypatch.setenv("MEM9_TENANT_ID", "mnk_env")

    result = desk.run("setup", "--no-check", "--yes")

    assert result.exit_code == 0, result.output
    assert read_profiles(desk)["default"] == {"url": "http://env.example", "api_key": "mnk_env"}
    assert "MEM9_TENANT_ID takes precedence over profile 'default'" in result.output


def test_the_key_of_the_environment_is_not_written_down_for_another_address(desk, monkeypatch):
    monkeypatch.setenv("MEM9_API_URL", "http://env.example")
    monkeypatch.setenv("MEM9_API_KEY", "mnk_env")
    result = desk.run("setup", "--url", "http://other.example", "--no-check", "--yes")
    assert result.exit_code == 2
    assert "no key: pass one with" in result.output


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        (
            {"default": {"label": "Personal", "baseUrl": "http://m.example", "apiKey": "k1"}},
            ("http://m.example", "k1"),
        ),
        ({"other": {"apiKey": "k2"}, "empty": {"apiKey": ""}}, ("https://api.mem9.ai", "k2")),
    ],
)
def test_the_key_of_mem9s_plugins_is_taken_over(desk, profiles, expected):
    content = json.dumps({"schemaVersion": 1, "profiles": profiles})
    desk.write(".mem9/.credentials.json", content)

    result = desk.run("setup", "--from-mem9", "--no-check", "--yes")

    assert result.exit_code == 0, result.output
    found = read_profiles(desk)["default"]
    assert (found["url"], found["api_key"]) == expected
    assert (desk.home / ".mem9/.credentials.json").read_text() == content


@pytest.mark.parametrize(
    "content", ["", "[]", '{"profiles": []}', '{"profiles": {"a": {}}}', '{"profiles": {"a": 1}}']
)
def test_a_file_of_mem9_without_a_key_is_none(desk, content):
    desk.write(".mem9/.credentials.json", content)
    result = desk.run("setup", "--from-mem9", "--no-check", "--yes")
    assert result.exit_code == 2
    assert "mem9's plugins have no key on this machine" in result.output


def test_a_key_that_a_profile_has_is_not_overwritten_unasked(desk):
    desk.set_up()
    flags = ("setup", "--url", "http://other.example", "--api-key-stdin", "--no-check", "--yes")

    refused = desk.run(*flags, given="mnk_2")
    assert refused.exit_code == 2
    assert "--replace overwrites it" in refused.output
    assert read_profiles(desk)["default"]["api_key"] == "mnk_1"

    assert desk.run(*flags, "--profile", "other", given="mnk_2").exit_code == 0
    assert set(read_profiles(desk)) == {"default", "other"}
    assert desk.run(*flags, "--replace", given="mnk_2").exit_code == 0
    assert read_profiles(desk)["default"]["api_key"] == "mnk_2"


def test_the_profile_is_kept_without_a_word(desk):
    desk.set_up()
    before = desk.look()
    assert desk.run("setup", "--no-check", "--yes").exit_code == 0
    assert desk.look() == before


def test_a_damaged_file_is_set_aside_and_comes_back(desk):
    path = desk.write(".config/mnemos/credentials.json", '{"mnk_half')
    path.parent.chmod(0o700)
    path.chmod(0o600)
    before = desk.look()

    assert desk.set_up().exit_code == 0
    assert read_profiles(desk)["default"]["api_key"] == "mnk_1"
    assert (desk.config / "credentials.damaged.json").read_text() == '{"mnk_half'

    assert desk.run("uninstall", "--yes").exit_code == 0
    assert desk.look() == before


@pytest.mark.parametrize("flags", [(), ("--provision",), ("--api-key-stdin",)])
def test_without_a_terminal_nothing_is_asked(desk, flags):
    result = desk.run("setup", *flags, given="mnk_1")
    assert result.exit_code == 2
    assert "--yes continues without" in result.output


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b"])
def test_a_profile_has_a_plain_name(desk, name):
    result = desk.set_up("--profile", name) if name else desk.set_up("--profile", " ")
    assert result.exit_code == 1
    assert "invalid profile name" in result.output


def test_a_key_file_is_read_and_an_empty_one_told(desk, tmp_path, silent_url):
    path = tmp_path / "key"
    path.write_text("mnk_9\n")
    assert desk.run("setup", "--api-key-file", str(path), "--no-check", "--yes").exit_code == 0
    assert read_profiles(desk)["default"] == {"url": silent_url, "api_key": "mnk_9"}
    path.write_text("\n")
    assert "the key is empty" in desk.run("setup", "--api-key-file", str(path), "--yes").output
