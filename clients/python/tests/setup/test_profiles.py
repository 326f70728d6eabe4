"""`mnemos profiles` lists, selects and removes profiles; it never shows a key."""

from __future__ import annotations

import json


def test_profiles_are_listed_without_keys(desk, write_credentials):
    write_credentials("work", "home")

    result = desk.run("profiles")
    assert result.stdout.splitlines() == ["  home  http://home.example", "* work  http://work.example"]
    rows = json.loads(desk.run("profiles", "list", "--json").stdout)
    assert rows[1] == {"name": "work", "url": "http://work.example", "is_default": True}
    assert "mnk_" not in result.output + str(rows)


def test_another_one_can_count(desk, write_credentials):
    path = write_credentials("work", "home")
    assert desk.run("profiles", "use", "home").exit_code == 0
    assert json.loads(path.read_text())["default"] == "home"
    assert path.stat().st_mode & 0o777 == 0o600


def test_one_can_be_forgotten_and_the_file_goes_with_the_last(desk, write_credentials):
    path = write_credentials("work", "home")
    assert desk.run("profiles", "remove", "work", "--yes").exit_code == 0
    assert json.loads(path.read_text()) == {
        "default": "home",
        "profiles": {"home": {"url": "http://home.example", "api_key": "mnk_home"}},
    }
    assert desk.run("profiles", "remove", "home", "--yes").exit_code == 0
    assert not path.exists()


def test_forgetting_is_asked_about(desk, write_credentials):
    path = write_credentials("work")
    assert desk.run("profiles", "remove", "work", given="n\n").exit_code == 1
    assert path.exists()


def test_a_name_that_is_none_is_told(desk, write_credentials):
    write_credentials("work")
    for verb in ("use", "remove"):
        result = desk.run("profiles", verb, "x", *(["--yes"] if verb == "remove" else []))
        assert result.exit_code == 1
        assert "there is no profile 'x'; existing profiles: work" in result.stderr


def test_without_profiles_the_list_says_there_are_none(desk):
    result = desk.run("profiles")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "`mnemos setup` creates one" in result.stderr


def test_a_damaged_file_is_told_in_a_sentence(desk):
    desk.write(".config/mnemos/credentials.json", "{")
    result = desk.run("profiles")
    assert result.exit_code == 1
    assert "is damaged" in result.stderr


def test_every_command_takes_a_profile(desk, write_credentials, scripted, answer, memory):
    path = write_credentials("work", "home")
    values = json.loads(path.read_text())
    values["profiles"]["home"]["url"] = scripted.url
    path.write_text(json.dumps(values))
    scripted.will_answer(answer(200, memory))

    assert desk.run("--profile", "home", "get", memory["id"]).exit_code == 0
    assert scripted.received[0].headers["x-api-key"] == "mnk_home"
    result = desk.run("--profile", "x", "get", memory["id"])
    assert result.exit_code == 2
    assert "there is no profile 'x'" in result.stderr


def test_what_the_user_did_to_profiles_outlives_set_up(desk):
    desk.set_up()
    desk.run(
        "setup",
        "--profile",
        "mine",
        "--url",
        "http://mine",
        "--api-key-stdin",
        "--no-check",
        "--yes",
        given="k",
    )
    path = desk.config / "credentials.json"
    values = json.loads(path.read_text())
    values["profiles"]["byhand"] = {"url": "http://byhand", "api_key": "k3"}
    path.write_text(json.dumps(values))

    assert desk.run("uninstall", "--yes").exit_code == 0

    assert list(json.loads(path.read_text())["profiles"]) == ["byhand"]
