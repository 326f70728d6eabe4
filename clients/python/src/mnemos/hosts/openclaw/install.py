"""OpenClaw: a plugin that is installed, enabled, in the memory slot, and let at conversations."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mnemos.hosts.install_port import PLUGIN, HostState, InstallOptions, Problem
from mnemos.hosts.sources import describe_source, find_source
from mnemos.machine.machine import Machine, SetupFailed
from mnemos.machine.records import Section

name = "openclaw"
title = "OpenClaw"
program = "openclaw"
#: What shows that a folder is the plugin.
_MARK = "openclaw.plugin.json"

_ENTRY = f"plugins.entries.{PLUGIN}"
_ACCESS = f"{_ENTRY}.hooks.allowConversationAccess"
_COMMAND = f"{_ENTRY}.config.command"
_SLOT = "plugins.slots.memory"
#: OpenClaw's own memory: beside ours it answers `memory_search` and `memory_get` also without the slot.
_RIVAL = "memory-core"
_RIVAL_ENABLED = f"plugins.entries.{_RIVAL}.enabled"
#: Backups that OpenClaw makes of its settings at every change.
_BACKUPS = ("", ".bak", ".bak.1", ".bak.2", ".bak.3", ".bak.4")


def find_folder(machine: Machine) -> Path:
    """Give OpenClaw's folder."""
    given = machine.environ.get("OPENCLAW_STATE_DIR", "")
    return Path(given) if given else machine.home / ".openclaw"


def plan(machine: Machine, options: InstallOptions) -> str:
    """Say what `install` would do."""
    source = describe_source(machine, find_source(name, _MARK, options.source))
    return f"install {source} in place of OpenClaw's own memory, and let its hooks see conversations"


def install(machine: Machine, section: Section, options: InstallOptions) -> bool:
    """Install the plugin where it isn't, then set what is missing of its settings."""
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
        raise SetupFailed(f"OpenClaw doesn't list the plugin {PLUGIN!r} that it installed")
    _set(machine, _list_missing(_read_settings(machine), plugin, options))
    return True


@contextmanager
def _copy_aside(source: str) -> Iterator[str]:
    """Give a folder that holds plain files only: OpenClaw refuses links that lead out of it, hard ones too.

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
    """Uninstall the plugin, give the memory slot back to who had it, and let OpenClaw's own memory be."""
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
    """Remove the links to the plugin's skills, which OpenClaw leaves until it runs the next time."""
    extension = folder / "extensions" / PLUGIN
    for path in (folder / "plugin-skills").glob("*"):
        if path.is_symlink() and path.readlink().is_relative_to(extension):
            path.unlink()


def inspect(machine: Machine) -> HostState:
    """Ask OpenClaw which version it is, and how far the plugin is set up."""
    words = machine.demand([_program(machine), "--version"]).split()
    version = next((word for word in words if word[:1].isdigit()), "")
    plugin = _find_plugin(machine) if find_folder(machine).exists() else None
    if plugin is None:
        return HostState(version, is_installed=False)
    missing = _list_missing(_read_settings(machine), plugin, InstallOptions())
    problems = [_explain(path, value) for path, value in missing.items()]
    if plugin.get("status") == "error":
        problems.append(Problem("OpenClaw can't load it", f"openclaw plugins inspect {PLUGIN}"))
    found = machine.shorten(str(plugin.get("rootDir", "")))
    return HostState(
        version, is_installed=True, plugin=f"{plugin.get('version', '')} in {found}", problems=problems
    )


def _explain(path: str, value: Any) -> Problem:
    words = {
        _RIVAL_ENABLED: "OpenClaw's own memory may take the place of the memory tools",
        _ACCESS: "its hooks may not see conversations, so nothing is recalled or captured",
        _SLOT: "another plugin has the memory slot",
        f"{_ENTRY}.enabled": "the plugin is disabled",
    }
    written = value if isinstance(value, str) else json.dumps(value)
    return Problem(words[path], f"openclaw config set {path} {written}")


def _list_missing(
    settings: dict[str, Any], plugin: dict[str, Any] | None, options: InstallOptions
) -> dict[str, Any]:
    """Give the settings that aren't as they must be, by path, with their right values."""
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
        raise SetupFailed("there is no `openclaw` on the PATH")
    return found


def _find_plugin(machine: Machine) -> dict[str, Any] | None:
    """Give what OpenClaw lists of our plugin."""
    printed = machine.demand([_program(machine), "plugins", "list", "--json"])
    plugins = _read_json(printed).get("plugins", [])
    return next((entry for entry in plugins if entry.get("id") == PLUGIN), None)


def _read_settings(machine: Machine) -> dict[str, Any]:
    """Give what OpenClaw's settings say of plugins; nothing when they say nothing."""
    done = machine.run([_program(machine), "config", "get", "plugins", "--json"])
    return _read_json(done.stdout) if done.code == 0 else {}


def _set(machine: Machine, values: dict[str, Any]) -> None:
    """Write settings by path, all with one start of OpenClaw, which takes seconds."""
    if values:
        batch = json.dumps([{"path": path, "value": value} for path, value in values.items()])
        machine.demand([_program(machine), "config", "set", "--batch-json", batch])


def _read_rival(settings: dict[str, Any]) -> Any:
    """Give what the settings say of OpenClaw's own memory; None when they say nothing."""
    return _dig(_dig(settings, "entries", {}), _RIVAL, {}).get("enabled")


def _is_rival_off(settings: dict[str, Any]) -> bool:
    return _read_rival(settings) is False


def _dig(settings: dict[str, Any], key: str, default: dict[str, Any]) -> dict[str, Any]:
    found = settings.get(key, default)
    return found if isinstance(found, dict) else default


def _read_json(printed: str) -> dict[str, Any]:
    """Read the object that a command printed, behind what it warned of."""
    try:
        values = json.loads(printed[printed.index("{") :])
    except ValueError:
        raise SetupFailed("`openclaw` printed no JSON; is it too old?") from None
    return values if isinstance(values, dict) else {}
