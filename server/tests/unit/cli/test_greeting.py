from __future__ import annotations

import sys

import pytest
from mnemo_server.cli.greeting import first_greeting, later_greeting


@pytest.fixture
def environment_bin(monkeypatch, tmp_path):
    """The folder of this environment's programs, with the client in it."""
    folder = tmp_path / "environment" / "bin"
    folder.mkdir(parents=True)
    for name in ("mnemos", "mnemo-server"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    return folder


def test_the_first_greeting_contains_commands_to_paste():
    lines = [
        line.strip() for line in first_greeting("http://h:1", "/data/m.db (sqlite)", "mnk_x").splitlines()
    ]

    assert "export MEM9_API_URL=http://h:1" in lines
    assert "export MEM9_API_KEY=mnk_x" in lines
    assert "Memories are stored in /data/m.db (sqlite)" in lines


def test_a_command_found_only_in_this_environment_is_shown_with_its_path(monkeypatch, environment_bin):
    """`uv run` changes the PATH of the server, not that of the shell where the user pastes the command."""
    monkeypatch.setenv("PATH", str(environment_bin))

    greeting = first_greeting("u", "w", "k")
    assert f"{environment_bin}/mnemos store" in greeting
    assert f"  {environment_bin}/mnemos setup\n" in greeting


@pytest.mark.usefixtures("environment_bin")
def test_a_command_that_every_shell_finds_is_shown_by_name(monkeypatch, tmp_path):
    elsewhere = tmp_path / "bin"
    elsewhere.mkdir()
    (elsewhere / "mnemos").touch(0o755)
    monkeypatch.setenv("PATH", str(elsewhere))

    assert '  mnemos store "' in first_greeting("u", "w", "k")


def test_a_later_greeting_shows_no_key_and_how_to_create_one():
    greeting = later_greeting("http://h:1", "w")

    assert "export" not in greeting
    assert "mnemo-server provision" in greeting
