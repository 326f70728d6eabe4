"""Sets up Claude Code: a marketplace and a plugin from it, through its own command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mnemos.hosts.claude.prompt_hook import read_command, read_environ, write_input
from mnemos.hosts.install_port import PLUGIN, HostState, InstallOptions, Problem, PromptHook
from mnemos.hosts.sources import describe_source, find_source
from mnemos.machine.machine import Machine, SetupFailed
from mnemos.machine.records import Section

name = "claude"
title = "Claude Code"
program = "claude"
#: The file by which a folder is recognised as the plugin.
_MARK = ".claude-plugin/marketplace.json"

_ID = f"{PLUGIN}@{PLUGIN}"
#: Files in Claude Code's folder that adding a marketplace and a plugin changes.
_FILES = ("settings.json", "plugins/known_marketplaces.json", "plugins/installed_plugins.json")
#: Folders that it creates there; Claude Code keeps them when the plugin is uninstalled.
_TREES = ("plugins/cache/mnemos", "plugins/marketplaces/mnemos", "plugins/data/mnemos-mnemos")
_FOLDERS = ("plugins/cache", "plugins/marketplaces", "plugins/data")


def find_folder(machine: Machine) -> Path:
    """Return the folder of Claude Code's settings."""
    given = machine.environ.get("CLAUDE_CONFIG_DIR", "")
    return Path(given) if given else machine.home / ".claude"


def plan(machine: Machine, options: InstallOptions) -> str:
    """Describe what `install` would do."""
    return f"install {describe_source(machine, _find_source(options))} as {_ID}"


def install(machine: Machine, section: Section, options: InstallOptions) -> bool:
    """Add the marketplace, install the plugin and enable it."""
    source = _find_source(options)
    marketplace, plugin = _find_marketplace(machine), _find_plugin(machine)
    if marketplace and source not in _list_sources(marketplace):
        if not section.facts.get("marketplace"):
            raise SetupFailed(
                f"Claude Code has a marketplace {PLUGIN!r} from {_list_sources(marketplace)[0]} already; "
                f"to use this one instead: `claude plugin marketplace remove {PLUGIN}`"
            )
        _watch(machine, section)
        machine.demand([_program(machine), "plugin", "marketplace", "remove", PLUGIN])
        marketplace, plugin = None, None
    if marketplace and plugin and plugin.get("enabled", True):
        return False
    _watch(machine, section)
    if marketplace is None:
        section.facts["marketplace"] = source
        machine.demand([_program(machine), "plugin", "marketplace", "add", source])
    if plugin is None:
        section.facts["plugin"] = _ID
        machine.demand([_program(machine), "plugin", "install", _ID])
    elif not plugin.get("enabled", True):
        section.facts["enabled"] = _ID
        machine.demand([_program(machine), "plugin", "enable", _ID])
    return True


def remove(machine: Machine, section: Section) -> None:
    """Uninstall the plugin and remove the marketplace, if setup added them."""
    if machine.find_program(program) is None:
        return
    if section.facts.get("plugin") and _find_plugin(machine):
        machine.demand([_program(machine), "plugin", "uninstall", _ID])
    elif section.facts.get("enabled") and _find_plugin(machine):
        machine.demand([_program(machine), "plugin", "disable", _ID])
    if section.facts.get("marketplace") and _find_marketplace(machine):
        machine.demand([_program(machine), "plugin", "marketplace", "remove", PLUGIN])


def inspect(machine: Machine) -> HostState:
    """Return Claude Code's version, and whether the plugin is installed and enabled."""
    version = machine.demand([_program(machine), "--version"]).split()
    if not find_folder(machine).exists():
        return HostState(version[0] if version else "", is_installed=False)
    plugin = _find_plugin(machine)
    problems = []
    if plugin and not plugin.get("enabled", True):
        problems.append(Problem("the plugin is disabled", f"claude plugin enable {_ID}"))
    words = f"{plugin.get('version', '')} from {_origin(plugin, machine)}" if plugin else ""
    return HostState(version[0] if version else "", plugin is not None, words, problems)


def find_prompt_hook(machine: Machine) -> PromptHook | None:
    """Return the hook that the installed plugin names for each prompt, in the environment of the settings."""
    plugin = _find_plugin(machine) if find_folder(machine).exists() else None
    if plugin is None or not plugin.get("enabled", True):
        return None
    folder = Path(str(plugin.get("readFromFolder") or plugin.get("installPath") or ""))
    return PromptHook(read_command(folder), write_input, read_environ(find_folder(machine) / "settings.json"))


def _find_source(options: InstallOptions) -> str:
    return find_source(name, _MARK, options.source, takes_package=False)


def _watch(machine: Machine, section: Section) -> None:
    folder = find_folder(machine)
    section.watch(*(folder / file for file in _FILES))
    for path in _FOLDERS:
        section.watch_folder(folder / path)
    for path in _TREES:
        section.watch_tree(folder / path)


def _program(machine: Machine) -> Path:
    found = machine.find_program(program)
    if found is None:
        raise SetupFailed("`claude` isn't on the PATH")
    return found


def _find_marketplace(machine: Machine) -> dict[str, Any] | None:
    return _find(machine, "name", PLUGIN, "plugin", "marketplace", "list", "--json")


def _find_plugin(machine: Machine) -> dict[str, Any] | None:
    return _find(machine, "id", _ID, "plugin", "list", "--json")


def _find(machine: Machine, key: str, value: str, *arguments: str) -> dict[str, Any] | None:
    """Return an entry of a list that Claude Code prints."""
    printed = machine.demand([_program(machine), *arguments])
    try:
        entries = json.loads(printed)
    except ValueError:
        raise SetupFailed(
            f"`claude {' '.join(arguments)}` didn't print JSON; is Claude Code too old?"
        ) from None
    return next((entry for entry in entries if isinstance(entry, dict) and entry.get(key) == value), None)


def _list_sources(marketplace: dict[str, Any]) -> list[str]:
    return [str(marketplace[key]) for key in ("path", "repo", "url") if key in marketplace]


def _origin(plugin: dict[str, Any], machine: Machine) -> str:
    return machine.shorten(
        str(plugin.get("readFromFolder") or plugin.get("installPath") or "its marketplace")
    )
