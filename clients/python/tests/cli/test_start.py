"""How `mnemos` starts: what it explains, and which modules it loads."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner
from mnemos.__main__ import main
from mnemos.cli import cli

#: What takes a tenth of a second or more to load.
HEAVY = {"pydantic", "httpx2", "rich", "tenacity", "mnemos_contract"}
REPORT = "import sys, atexit; atexit.register(lambda: print('LOADED', *sorted(sys.modules)));"


def loaded_by(statement: str) -> set[str]:
    """Give the modules that a fresh Python has loaded after running a statement."""
    command = [sys.executable, "-c", f"{REPORT} {statement}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return set(done.stdout.rpartition("LOADED ")[2].split())


def test_the_package_itself_loads_nothing_heavy():
    loaded = loaded_by("import mnemos, mnemos.config, mnemos._generated.paths")
    assert "mnemos.config" in loaded
    assert not loaded & (HEAVY | {"click", "dataclasses", "inspect"})


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(argument):
    loaded = loaded_by(f"sys.argv = ['mnemos', {argument!r}]; from mnemos.__main__ import main; main()")
    assert "click" in loaded
    assert not loaded & HEAVY


@pytest.fixture
def programs(monkeypatch) -> list[object]:
    """What the hook runner and the MCP server, both replaced, were called with."""
    calls: list[object] = []
    runner = SimpleNamespace(main=lambda arguments: calls.append(["hook", *arguments]))
    server = SimpleNamespace(main=lambda: calls.append(["mcp", os.environ.get("MEM9_API_URL")]))
    monkeypatch.setitem(sys.modules, "mnemos.hooks.runner", runner)
    monkeypatch.setitem(sys.modules, "mnemos.mcp.server", server)
    return calls


def test_hook_and_mcp_are_handed_over_before_the_command_line_is_loaded(programs, monkeypatch):
    monkeypatch.setitem(sys.modules, "mnemos.cli", None)  # importing it would fail
    for arguments in (["hook", "Stop", "--harness", "claude"], ["mcp"]):
        monkeypatch.setattr(sys, "argv", ["mnemos", *arguments])
        main()
    assert programs == [["hook", "Stop", "--harness", "claude"], ["mcp", None]]


def test_behind_global_options_hook_and_mcp_are_handed_these_too(programs, monkeypatch):
    monkeypatch.setenv("MEM9_API_URL", "http://other")
    monkeypatch.setenv("MNEMOS_AGENT_ID", "other")
    CliRunner().invoke(cli, ["--url", "http://this", "mcp"])
    CliRunner().invoke(cli, ["--agent", "me", "hook", "Stop", "--harness", "claude", "--help"])
    assert programs == [["mcp", "http://this"], ["hook", "Stop", "--harness", "claude", "--help"]]


def test_help_shows_every_command_the_environment_and_examples():
    output = CliRunner().invoke(cli, ["--help"]).stdout
    for word in (
        "store",
        "search",
        "get",
        "update",
        "delete",
        "list",
        "status",
        "hook",
        "mcp",
        "setup",
        "doctor",
    ):
        assert f"\n  {word} " in output
    for word in ("MEM9_API_URL", "MEM9_API_KEY", "MNEMOS_AGENT_ID", "Exit codes", "mnemos search how do I"):
        assert word in output


@pytest.mark.parametrize(
    "command",
    [
        "store",
        "search",
        "get",
        "update",
        "delete",
        "list",
        "status",
        "mcp",
        "setup",
        "doctor",
        "uninstall",
        "profiles",
    ],
)
def test_every_command_explains_itself(command):
    result = CliRunner().invoke(cli, [command, "--help"])
    assert result.exit_code == 0
    assert "\\b" not in result.stdout


def test_no_option_takes_the_key():
    """It would show in the list of processes."""
    context = click.Context(cli)
    commands = [cli, *(cli.get_command(context, name) for name in cli.list_commands(context))]
    names = {name for command in commands for param in command.params for name in param.opts}
    assert sorted(name for name in names if "key" in name) == ["--api-key-file", "--api-key-stdin"]


def test_an_unknown_public_name_is_no_attribute():
    import mnemos  # noqa: PLC0415  (the package under test)

    with pytest.raises(AttributeError, match="has no attribute 'Clent'"):
        mnemos.Clent  # noqa: B018  (reading it is the test)
    assert all(getattr(mnemos, name) for name in mnemos.__all__)
