"""What `mnemos uninstall` leaves in place, and what it asks."""

from __future__ import annotations

from mnemos.hooks.state import State


def test_credentials_can_be_kept(desk):
    desk.add_host("claude")
    desk.set_up()

    assert desk.run("uninstall", "--keep-credentials", "--yes").exit_code == 0

    assert (desk.config / "credentials.json").exists()
    assert "mnemos" not in str(sorted((desk.home / ".claude").rglob("*")))
    assert desk.run("uninstall", "--yes").exit_code == 0
    assert not desk.config.exists()


def test_what_hooks_keep_goes_only_when_that_is_asked_for(desk):
    desk.set_up()
    folder = desk.home / ".local" / "state" / "mnemos"
    State(folder).log("a line")

    desk.run("uninstall", "--yes")
    assert (folder / "log" / "hook.log").exists()

    assert desk.run("uninstall", "--purge", "--yes").exit_code == 0
    assert not folder.exists()


def test_nothing_to_take_back_is_told(desk):
    result = desk.run("uninstall", "--yes")
    assert result.exit_code == 0
    assert "nothing to undo" in result.output


def test_without_a_terminal_nothing_is_asked(desk):
    desk.set_up()
    before = desk.look()
    result = desk.run("uninstall")
    assert result.exit_code == 2
    assert desk.look() == before


def test_a_host_that_is_gone_leaves_the_rest(desk):
    desk.add_host("claude", "opencode")
    before = desk.look()
    desk.set_up()
    (desk.programs / "claude").unlink()

    assert desk.run("uninstall", "--yes").exit_code == 0
    assert desk.look() == before


def test_a_host_that_fails_is_told_and_can_be_tried_again(desk):
    desk.add_host("claude", "opencode")
    before = desk.look()
    desk.set_up()
    program = desk.programs / "claude"
    works = program.read_text()
    program.write_text("#!/bin/sh\necho broken >&2; exit 1\n")

    result = desk.run("uninstall", "--yes")
    assert result.exit_code == 1
    assert "BAD  Claude Code" in result.output
    assert "ok   OpenCode" in result.output

    program.write_text(works)
    assert desk.run("uninstall", "--yes").exit_code == 0
    assert desk.look() == before


def test_a_damaged_manifest_is_told(desk):
    desk.write(".config/mnemos/setup.json", "{")
    for command in (
        ("uninstall", "--yes"),
        ("setup", "--provision", "--yes", "--no-check", "--url", "http://h"),
    ):
        result = desk.run(*command)
        assert result.exit_code == 1
        assert "is damaged" in result.output
