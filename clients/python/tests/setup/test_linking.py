"""The link through which hosts find `mnemos`."""

from __future__ import annotations

import pytest


def test_a_link_is_made_and_the_line_for_the_path_told(desk):
    result = desk.set_up("--link")

    assert result.exit_code == 0, result.output
    link = desk.home / ".local" / "bin" / "mnemos"
    assert link.readlink().name == "mnemos"
    assert 'export PATH="$HOME/.local/bin:$PATH"' in result.output
    again = desk.set_up()
    assert again.output.count(", unchanged") == 2
    assert 'export PATH="$HOME/.local/bin:$PATH"' in desk.run("doctor").output


def test_no_line_is_told_when_the_folder_is_on_the_path(desk, monkeypatch):
    monkeypatch.setenv("PATH", f"{desk.programs}:{desk.home}/.local/bin")
    assert "export PATH" not in desk.set_up("--link").output


def test_no_link_is_made_when_hosts_find_mnemos(desk):
    desk.add_mnemos()
    desk.set_up("--link")
    assert not (desk.home / ".local" / "bin").exists()


def test_something_else_of_that_name_stays(desk):
    path = desk.write(".local/bin/mnemos", "theirs")
    result = desk.set_up("--link")
    assert result.exit_code == 1
    assert "isn't a link of mnemos" in result.output
    desk.run("uninstall", "--yes")
    assert path.read_text() == "theirs"


@pytest.mark.parametrize("changed", ["gone", "elsewhere"])
def test_a_link_that_the_user_changed_is_left_alone(desk, changed):
    desk.set_up("--link")
    link = desk.home / ".local" / "bin" / "mnemos"
    link.unlink()
    if changed == "elsewhere":
        link.symlink_to("/usr/bin/true")

    assert desk.run("uninstall", "--yes").exit_code == 0
    assert link.is_symlink() == (changed == "elsewhere")


def test_another_mnemos_on_the_path_is_told(desk):
    other = desk.programs / "mnemos"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    assert f"the PATH leads to another mnemos: {other}" in desk.set_up().output
