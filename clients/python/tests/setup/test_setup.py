"""`mnemos setup` and `mnemos uninstall` with hosts that are scripts: what they change and undo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mnemos.machine.jsonc import parse

HOSTS = ("claude", "opencode", "openclaw")
#: What somebody who uses the hosts has.
LIVED_IN = {
    ".claude/settings.json": '{"model":"opus", "enabledPlugins": {"other@x": true}}',
    ".config/opencode/opencode.jsonc": '{\n  // mine\n  "plugin": ["theirs"], // these\n}\n',
    ".openclaw/openclaw.json": '{ "agents": {},\n  "plugins": {"slots": {"memory": "memory-core"}}}',
    ".bashrc": "# mine\n",
}


@pytest.fixture(params=["bare", "lived in"])
def home(request, desk):
    """A machine with the three hosts, whose home is empty or not."""
    desk.add_host(*HOSTS)
    desk.add_mnemos()
    for name, content in LIVED_IN.items() if request.param == "lived in" else ():
        desk.write(name, content)
    return desk


def test_credentials_are_the_users_alone(desk):
    assert desk.set_up("--host", "none").exit_code == 0

    path = desk.config / "credentials.json"
    assert json.loads(path.read_text()) == {
        "default": "default",
        "profiles": {"default": {"url": "http://memory.example", "api_key": "mnk_1"}},
    }
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (desk.config / "setup.json").stat().st_mode & 0o777 == 0o600


def test_every_host_that_is_here_is_set_up(home):
    result = home.set_up()

    assert result.exit_code == 0, result.output
    assert result.output.count("installed; active from the next session") == 3
    settings = json.loads((home.home / ".claude" / "settings.json").read_text())
    assert settings["enabledPlugins"]["mnemos@mnemos"] is True
    found = list((home.home / ".config" / "opencode").iterdir())
    assert len(found) == 1
    assert parse(found[0].read_text())["plugin"][-1] == str(home.tree / "plugins" / "opencode")
    plugins = json.loads((home.home / ".openclaw" / "openclaw.json").read_text())["plugins"]
    assert plugins["entries"]["mnemos"] == {"enabled": True, "hooks": {"allowConversationAccess": True}}
    assert plugins["entries"]["memory-core"] == {"enabled": False}
    assert plugins["slots"] == {"memory": "mnemos"}


def test_a_second_time_changes_nothing(home):
    home.set_up()
    before = home.look()

    result = home.set_up()

    assert result.exit_code == 0
    assert result.output.count(", unchanged") == 4
    assert home.look() == before


def test_afterwards_the_home_is_as_it_was(home):
    before = home.look()
    home.set_up("--link")
    assert home.look() != before

    result = home.run("uninstall", "--yes")

    assert result.exit_code == 0, result.output
    assert "changed since" not in result.output
    assert home.look() == before


@pytest.mark.parametrize("host", HOSTS)
def test_one_host_can_be_taken_back_alone(home, host):
    others = [name for name in HOSTS if name != host]
    home.set_up(*(f"--host={name}" for name in others))
    before = home.look()
    home.set_up("--host", host)

    assert home.run("uninstall", "--host", host, "--yes").exit_code == 0
    now = home.look()
    assert now.keys() == before.keys()
    manifest = ".config/mnemos/setup.json"  # its sections may have another order
    assert {**now, manifest: ""} == {**before, manifest: ""}


def test_what_the_user_changed_meanwhile_stays(home):
    home.set_up()
    changed = {".claude/settings.json": "model", ".openclaw/openclaw.json": "agents"}
    for name, key in changed.items():
        values = json.loads((home.home / name).read_text())
        (home.home / name).write_text(json.dumps({**values, key: "new"}))
    settings = next((home.home / ".config" / "opencode").iterdir())
    settings.write_text(settings.read_text().replace("{", '{ /* new */ "theme": "dark",', 1))

    result = home.run("uninstall", "--yes")

    assert result.exit_code == 0, result.output
    assert result.output.count("changed since, so only entries of mnemos were removed") == 3
    for name, key in changed.items():
        text = (home.home / name).read_text()
        assert json.loads(text)[key] == "new"
        assert "mnemos" not in text
    text = settings.read_text()
    assert '{ /* new */ "theme": "dark"' in text
    assert "plugins/opencode" not in text
    assert parse(text).get("plugin", ["theirs"]) == ["theirs"]


def test_an_edit_between_two_runs_is_not_lost(home):
    home.set_up()
    settings = next((home.home / ".config" / "opencode").iterdir())
    settings.write_text(settings.read_text().replace("{", '{ "theme": "dark",', 1))
    tree = home.tree.rename(home.tree.with_name("moved"))
    home.tree = tree
    home.set_up("--host", "opencode")
    assert str(tree) in settings.read_text()

    assert home.run("uninstall", "--yes").exit_code == 0
    values = parse(settings.read_text())
    assert values["theme"] == "dark"
    assert values.get("plugin", ["theirs"]) == ["theirs"]


@pytest.mark.parametrize(("host", "breaks"), [("claude", "plugin install"), ("openclaw", "plugins install")])
def test_what_fails_half_way_is_told_and_taken_back(home, monkeypatch, host, breaks):
    before = home.look()
    monkeypatch.setenv("FAKE_BREAKS", breaks)
    result = home.set_up("--host", host)

    assert result.exit_code == 1
    assert "BAD" in result.output
    assert "no space left on device" in result.output
    assert home.run("uninstall", "--yes").exit_code == 0
    assert home.look() == before


def test_what_was_there_before_us_stays(home):
    home.set_up()
    (home.config / "setup.json").unlink()  # as if somebody had done all of it by hand
    before = home.look()

    home.set_up()
    home.run("uninstall", "--yes")

    assert home.look() == before


def test_a_marketplace_of_our_name_from_elsewhere_is_not_replaced(home):
    home.write(".claude/plugins/known_marketplaces.json", '{"mnemos": {"path": "/elsewhere"}}')

    result = home.set_up("--host", "claude")

    assert result.exit_code == 1
    assert "has a marketplace 'mnemos' from /elsewhere already" in result.output
    assert "claude plugin marketplace remove mnemos" in result.output


def test_another_source_takes_the_place_of_the_one_before(home):
    before = home.look()
    home.set_up()
    other = home.tree.with_name("other")
    home.tree.rename(other)
    home.tree = other

    assert home.set_up().exit_code == 0
    known = json.loads((home.home / ".claude/plugins/known_marketplaces.json").read_text())
    assert known["mnemos"]["path"] == str(other)
    assert home.run("uninstall", "--yes").exit_code == 0
    assert home.look() == before


@pytest.mark.parametrize("link", [Path.hardlink_to, Path.symlink_to])
def test_openclaw_is_given_plain_files_where_links_are(desk, link):
    desk.add_host("openclaw")
    manifest = desk.tree / "plugins" / "openclaw" / "openclaw.plugin.json"
    link(manifest, manifest.rename(desk.tree / "cached.json"))

    result = desk.set_up("--host", "openclaw")

    assert result.exit_code == 0, result.output


def test_the_memory_slot_goes_back_to_who_had_it(desk):
    desk.add_host("openclaw")
    path = desk.write(".openclaw/openclaw.json", '{"plugins": {"slots": {"memory": "lancedb"}}}')
    desk.set_up("--host", "openclaw")
    path.write_text(json.dumps({**json.loads(path.read_text()), "agents": {}}))

    desk.run("uninstall", "--yes")

    assert json.loads(path.read_text()) == {"plugins": {"slots": {"memory": "lancedb"}}, "agents": {}}


@pytest.mark.parametrize("entry", [None, {"enabled": True}, {"enabled": False}])
def test_openclaws_own_memory_is_again_what_it_was(desk, entry):
    desk.add_host("openclaw")
    entries = {} if entry is None else {"memory-core": entry}
    path = desk.write(".openclaw/openclaw.json", json.dumps({"plugins": {"entries": entries}}))
    desk.set_up("--host", "openclaw")
    values = json.loads(path.read_text())
    assert values["plugins"]["entries"]["memory-core"] == {"enabled": False}
    path.write_text(json.dumps({**values, "agents": {}}))

    desk.run("uninstall", "--yes")

    assert json.loads(path.read_text()) == {"plugins": {"entries": entries}, "agents": {}}


def test_settings_behind_a_link_stay_behind_it(desk):
    desk.add_host("opencode")
    real = desk.write("dotfiles/opencode.json", "{}")
    (desk.home / ".config" / "opencode").mkdir(parents=True)
    link = desk.home / ".config" / "opencode" / "opencode.json"
    link.symlink_to(real)
    before = desk.look()

    desk.set_up("--host", "opencode")
    assert link.is_symlink()
    assert "plugins/opencode" in real.read_text()

    desk.run("uninstall", "--yes")
    assert desk.look() == before


def test_settings_that_cannot_be_read_are_told_and_left(desk):
    desk.add_host("opencode")
    path = desk.write(".config/opencode/opencode.json", '{"plugin": ')

    result = desk.set_up("--host", "opencode")

    assert result.exit_code == 1
    assert "isn't valid JSON" in result.output
    assert path.read_text() == '{"plugin": '


def test_hosts_that_cannot_find_mnemos_are_told_where_it_is(desk):
    desk.add_host("opencode", "openclaw")

    result = desk.set_up()

    assert "not on the PATH" in result.output
    assert "mnemos setup --link" in result.output
    entry = parse((desk.home / ".config/opencode/opencode.json").read_text())["plugin"][0]
    assert entry[1]["command"].endswith("/mnemos")
    plugins = json.loads((desk.home / ".openclaw/openclaw.json").read_text())["plugins"]
    assert plugins["entries"]["mnemos"]["config"] == entry[1]


def test_a_variable_that_means_nothing_is_told_and_is_no_error(home, monkeypatch):
    monkeypatch.setenv("MNEMOS_REDCAT", "false")
    result = home.set_up()
    assert result.exit_code == 0
    assert "did you mean MNEMOS_REDACT?" in result.output


def test_no_host_is_given_the_key(home, monkeypatch):
    monkeypatch.setenv("MEM9_API_KEY", "mnk_1")
    home.set_up()
    home.run("uninstall", "--yes")

    calls = home.list_calls()
    assert len(calls) > 10
    assert not [call for call in calls if call["variables"] or "mnk_1" in str(call)]


def test_a_dry_run_changes_nothing(home):
    before = home.look()

    result = home.set_up("--dry-run")

    assert result.exit_code == 0
    assert "will install" in result.output
    assert home.look() == before


def test_a_source_without_a_plugin_is_told_before_anything_is_done(home, tmp_path):
    before = home.look()
    home.tree = tmp_path / "bin"

    result = home.set_up("--host", "openclaw")

    assert result.exit_code == 1
    assert "contains no plugin for openclaw" in result.output
    assert home.look() == before


def test_a_host_that_is_not_here_is_told(desk):
    result = desk.set_up("--host", "claude")
    assert result.exit_code == 1
    assert "`claude` isn't on the PATH" in result.output


def test_an_installed_mnemos_takes_the_plugins_of_its_package(home, monkeypatch):
    monkeypatch.setattr("mnemos.hosts.sources.find_working_tree", lambda: None)
    monkeypatch.setattr("mnemos.hosts.sources._BROUGHT", home.tree)

    flags = ("--url", "http://memory.example", "--api-key-stdin", "--no-check", "--yes")
    assert home.run("setup", *flags, given="mnk_1").exit_code == 0

    found = list((home.home / ".config" / "opencode").iterdir())
    assert parse(found[0].read_text())["plugin"][-1] == str(home.tree / "plugins" / "opencode")


def test_a_client_without_plugins_says_so(home, monkeypatch, tmp_path):
    monkeypatch.setattr("mnemos.hosts.sources.find_working_tree", lambda: None)
    monkeypatch.setattr("mnemos.hosts.sources._BROUGHT", tmp_path / "nowhere")

    result = home.run("setup", "--provision", "--no-check", "--yes")

    assert result.exit_code == 1
    assert "this client contains no plugin for claude" in result.output


def test_a_package_is_installed_as_each_host_takes_it(home):
    package = home.write("mnemos.tgz", "")
    flags = ("--provision", "--no-check", "--dry-run", "--source", str(package))
    output = home.run("setup", "--host", "opencode", "--host", "openclaw", *flags).output
    assert f"@mnemos/opencode@file:{package}" in output
    assert "install ~/mnemos.tgz" in output
    assert "contains no plugin for claude" in home.run("setup", "--host", "claude", *flags).output
