"""Sets up OpenClaw: a plugin that is installed, enabled, in the memory slot, and may read conversations."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mnemos.hosts.install_port import PLUGIN, HostState, InstallOptions, Problem, PromptHook
from mnemos.hosts.plugin_options import read_plugin_options
from mnemos.hosts.sources import describe_source, find_source
from mnemos.machine.machine import Machine, SetupFailed
from mnemos.machine.records import Section

name = "openclaw"
title = "OpenClaw"
program = "openclaw"
#: The file by which a folder is recognised as the plugin.
_MARK = "openclaw.plugin.json"

_ENTRY = f"plugins.entries.{PLUGIN}"
_ACCESS = f"{_ENTRY}.hooks.allowConversationAccess"
_COMMAND = f"{_ENTRY}.config.command"
_SLOT = "plugins.slots.memory"
#: OpenClaw's own memory: even without the slot it provides `memory_search` and `memory_get`.
_RIVAL = "memory-core"
_RIVAL_ENABLED = f"plugins.entries.{_RIVAL}.enabled"
#: Backups that OpenClaw makes of its settings at every change.
_BACKUPS = ("", ".bak", ".bak.1", ".bak.2", ".bak.3", ".bak.4")


def find_folder(machine: Machine) -> Path:
    """Return OpenClaw's folder."""
    given = machine.environ.get("OPENCLAW_STATE_DIR", "")
    return Path(given) if given else machine.home / ".openclaw"


def plan(machine: Machine, options: InstallOptions) -> str:
    """Describe what `install` would do."""
    source = describe_source(machine, find_source(name, _MARK, options.source))
    return f"install {source} in place of OpenClaw's own memory, and allow its hooks to read conversations"


def install(machine: Machine, section: Section, options: InstallOptions) -> bool:
    """Install the plugin unless it is installed, then add its missing settings."""
    source = find_source(name, _MARK, options.source)
    source = f"npm-pack:{source}" if source.endswith((".tgz", ".gz")) else source
    plugin = _find_plugin(machine)
    before = _read_settings(machine)
    is_current = plugin is not None and section.facts.get("source", source) == source
    if is_current and _list_missing(before, plugin, options) == {}:
        return False
    _watch(machine, section, before)
    if not is_current:
        section.facts |= {"plugin": PLUGIN, "source": source}
        with _copy_aside(source) as whole:
            flags = ("--force", "--accept-capabilities")
            machine.demand([_program(machine), "plugins", "install", whole, *flags])
        plugin = _find_plugin(machine)
    if plugin is None:
        raise SetupFailed(f"OpenClaw installed the plugin {PLUGIN!r}, but doesn't list it")
    _set(machine, _list_missing(_read_settings(machine), plugin, options))
    return True


@contextmanager
def _copy_aside(source: str) -> Iterator[str]:
    """Yield a folder with plain files only: OpenClaw rejects links that lead out of it, even hard links.

    A working tree has links to the one source of some files; uv links what it installs to its cache.
    """
    folder = Path(source)
    if not folder.is_dir():
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="mnemos-") as aside:
        ignored = shutil.ignore_patterns("node_modules", "tests")
        yield str(shutil.copytree(folder, Path(aside) / folder.name, ignore=ignored))


def remove(machine: Machine, section: Section) -> None:
    """Uninstall the plugin, and restore the earlier memory slot and the setting of OpenClaw's own memory."""
    if machine.find_program(program) is None:
        return
    if section.facts.get("plugin") and _find_plugin(machine):
        machine.demand([_program(machine), "plugins", "uninstall", PLUGIN, "--force"])
        _remove_skills(find_folder(machine))
    settings = _read_settings(machine)
    if section.facts.get("plugin") and PLUGIN in _dig(settings, "entries", {}):
        machine.run([_program(machine), "config", "unset", _ENTRY])
    values = {}
    slot = section.facts.get("slot")
    if slot and _dig(settings, "slots", {}).get("memory") != slot:
        values[_SLOT] = slot
    if "rival" in section.facts and _is_rival_off(settings):
        if section.facts["rival"] is None:
            machine.run([_program(machine), "config", "unset", _RIVAL_ENABLED])
        else:
            values[_RIVAL_ENABLED] = section.facts["rival"]
    _set(machine, values)


def _remove_skills(folder: Path) -> None:
    """Remove the links to the plugin's skills, which OpenClaw keeps until it runs again."""
    extension = folder / "extensions" / PLUGIN
    for path in (folder / "plugin-skills").glob("*"):
        if path.is_symlink() and path.readlink().is_relative_to(extension):
            path.unlink()


def inspect(machine: Machine) -> HostState:
    """Return OpenClaw's version, and how far the plugin is set up."""
    words = machine.demand([_program(machine), "--version"]).split()
    version = next((word for word in words if word[:1].isdigit()), "")
    plugin = _find_plugin(machine) if find_folder(machine).exists() else None
    if plugin is None:
        return HostState(version, is_installed=False)
    missing = _list_missing(_read_settings(machine), plugin, InstallOptions())
    problems = [_explain(path, value) for path, value in missing.items()]
    if plugin.get("status") == "error":
        problems.append(Problem("OpenClaw can't load the plugin", f"openclaw plugins inspect {PLUGIN}"))
    found = machine.shorten(str(plugin.get("rootDir", "")))
    return HostState(
        version, is_installed=True, plugin=f"{plugin.get('version', '')} in {found}", problems=problems
    )


def find_prompt_hook(machine: Machine) -> PromptHook | None:
    """Return the hook that the plugin runs before each turn."""
    plugin = _find_plugin(machine) if find_folder(machine).exists() else None
    if plugin is None or not plugin.get("enabled"):
        return None
    entry = _dig(_dig(_read_settings(machine), "entries", {}), PLUGIN, {})
    command, environ = read_plugin_options(entry.get("config"))
    return PromptHook((command, "hook", "before_prompt_build", "--harness", name), _write_input, environ)


def _write_input(prompt: str, session_id: str, folder: str) -> dict[str, Any]:
    context = {"runId": session_id, "sessionId": session_id, "workspaceDir": folder}
    return {"event": {"prompt": prompt}, "ctx": context}


def _explain(path: str, value: Any) -> Problem:
    words = {
        _RIVAL_ENABLED: "OpenClaw's own memory is enabled and may override the memory tools",
        _ACCESS: "its hooks aren't allowed to read conversations, so nothing is recalled or captured",
        _SLOT: "another plugin has the memory slot",
        f"{_ENTRY}.enabled": "the plugin is disabled",
    }
    written = value if isinstance(value, str) else json.dumps(value)
    return Problem(words[path], f"openclaw config set {path} {written}")


def _list_missing(
    settings: dict[str, Any], plugin: dict[str, Any] | None, options: InstallOptions
) -> dict[str, Any]:
    """Return the settings that have to change, by path, with their new values."""
    entry = _dig(settings, "entries", {}).get(PLUGIN, {})
    wanted: dict[str, Any] = {}
    if plugin is None or not plugin.get("enabled"):
        wanted[f"{_ENTRY}.enabled"] = True
    if entry.get("hooks", {}).get("allowConversationAccess") is not True:
        wanted[_ACCESS] = True
    if _dig(settings, "slots", {}).get("memory") != PLUGIN:
        wanted[_SLOT] = PLUGIN
    if not _is_rival_off(settings):
        wanted[_RIVAL_ENABLED] = False
    if options.command and entry.get("config", {}).get("command") != options.command:
        wanted[_COMMAND] = options.command
    return wanted


def _watch(machine: Machine, section: Section, before: dict[str, Any]) -> None:
    folder = find_folder(machine)
    given = machine.environ.get("OPENCLAW_CONFIG_PATH", "")
    file = Path(given) if given else folder / "openclaw.json"
    section.watch(*(file.with_name(file.name + end) for end in _BACKUPS))
    section.watch_tree(folder / "extensions" / PLUGIN)
    section.watch_folder(folder / "extensions")
    slot = _dig(before, "slots", {}).get("memory", "")
    if slot != PLUGIN:
        section.facts.setdefault("slot", slot)
    if not _is_rival_off(before):
        section.facts.setdefault("rival", _read_rival(before))


def _program(machine: Machine) -> Path:
    found = machine.find_program(program)
    if found is None:
        raise SetupFailed("`openclaw` isn't on the PATH")
    return found


def _find_plugin(machine: Machine) -> dict[str, Any] | None:
    """Return the plugin as OpenClaw lists it; None if it isn't installed."""
    printed = machine.demand([_program(machine), "plugins", "list", "--json"])
    plugins = _read_json(printed).get("plugins", [])
    return next((entry for entry in plugins if entry.get("id") == PLUGIN), None)


def _read_settings(machine: Machine) -> dict[str, Any]:
    """Return OpenClaw's settings of plugins; empty if there are none."""
    done = machine.run([_program(machine), "config", "get", "plugins", "--json"])
    return _read_json(done.stdout) if done.code == 0 else {}


def _set(machine: Machine, values: dict[str, Any]) -> None:
    """Write settings by path, all in one run of OpenClaw, since its start takes seconds."""
    if values:
        batch = json.dumps([{"path": path, "value": value} for path, value in values.items()])
        machine.demand([_program(machine), "config", "set", "--batch-json", batch])


def _read_rival(settings: dict[str, Any]) -> Any:
    """Return whether OpenClaw's own memory is enabled; None if the settings don't say."""
    return _dig(_dig(settings, "entries", {}), _RIVAL, {}).get("enabled")


def _is_rival_off(settings: dict[str, Any]) -> bool:
    return _read_rival(settings) is False


def _dig(settings: dict[str, Any], key: str, default: dict[str, Any]) -> dict[str, Any]:
    found = settings.get(key, default)
    return found if isinstance(found, dict) else default


def _read_json(printed: str) -> dict[str, Any]:
    """Return the JSON object that a command printed after its warnings."""
    try:
        values = json.loads(printed[printed.index("{") :])
    except ValueError:
        raise SetupFailed("`openclaw` didn't print JSON; is it too old?") from None
    return values if isinstance(values, dict) else {}
