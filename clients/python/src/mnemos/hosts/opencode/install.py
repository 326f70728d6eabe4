"""Sets up OpenCode: one entry in the list of plugins of its global settings.

`opencode plugin … -g` writes the same entry, but without options, and moves comments.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mnemos.hosts.install_port import HostState, InstallOptions, Problem, PromptHook
from mnemos.hosts.plugin_options import read_plugin_options
from mnemos.hosts.sources import describe_source, find_source
from mnemos.machine.files import write_file
from mnemos.machine.jsonc import NotJson, add_entry, parse, remove_entries
from mnemos.machine.machine import Machine, SetupFailed
from mnemos.machine.records import Section, read_bytes

name = "opencode"
title = "OpenCode"
program = "opencode"
#: The file by which a folder is recognised as the plugin.
_MARK = "package.json"
_PACKAGE = "@mnemos/opencode"

#: The files that OpenCode reads there and merges; later ones take precedence.
_FILES = ("config.json", "opencode.json", "opencode.jsonc")
_KEY = "plugin"
_SCHEMA = '{\n  "$schema": "https://opencode.ai/config.json"\n}\n'


def find_folder(machine: Machine) -> Path:
    """Return the folder of OpenCode's global settings."""
    base = machine.environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if base else machine.home / ".config") / "opencode"


def plan(machine: Machine, options: InstallOptions) -> str:
    """Describe what `install` would do."""
    path = _choose_file(machine)
    return f"add {describe_source(machine, _get_spec(_make_entry(options)))} to {machine.shorten(path)}"


def install(machine: Machine, section: Section, options: InstallOptions) -> bool:
    """Write the entry, in place of an earlier entry of mnemos."""
    entry = _make_entry(options)
    entries = _read_entries(machine)
    ours = [(path, found) for path, found in entries if _is_ours(found)]
    if [found for _, found in ours] == [entry]:
        return False
    path = ours[0][0] if ours else _choose_file(machine)
    section.watch(path, *(other for other, _ in ours))
    text = (read_bytes(path) or _SCHEMA.encode()).decode()
    section.facts.setdefault("made_list", [] if _KEY in _parse(path) else [str(path)])
    section.facts["entries"] = [*section.facts.get("entries", []), entry]
    for other, found in ours:
        if other != path:
            write_file(other, remove_entries(other.read_text(encoding="utf-8"), _KEY, [found]).encode())
        else:
            text = remove_entries(text, _KEY, [found])
    write_file(path, add_entry(text, _KEY, entry).encode())
    return True


def remove(machine: Machine, section: Section) -> None:
    """Remove the entries of mnemos from every file."""
    entries = section.facts.get("entries", [])
    for path in _list_files(machine):
        text = path.read_text(encoding="utf-8")
        try:
            left = remove_entries(
                text, _KEY, entries, with_key=str(path) in section.facts.get("made_list", [])
            )
        except NotJson as error:
            raise SetupFailed(f"{path} isn't valid JSON ({error}): remove the entry by hand") from None
        if left != text:
            write_file(path, left.encode())


def inspect(machine: Machine) -> HostState:
    """Return OpenCode's version, and whether the entry is in its settings."""
    found = machine.find_program(program)
    version = machine.demand([found, "--version"]).strip() if found else ""
    ours = [entry for _, entry in _read_entries(machine) if _is_ours(entry)]
    if not ours:
        return HostState(version, is_installed=False)
    problems = []
    spec = _get_spec(ours[0])
    path = Path(spec.removeprefix("file://"))
    if path.is_absolute() and not path.exists():
        problems.append(Problem(f"{spec} doesn't exist", "mnemos setup --host opencode"))
    if len(ours) > 1:
        problems.append(Problem("the plugin is listed twice", "mnemos setup --host opencode"))
    return HostState(version, is_installed=True, plugin=machine.shorten(spec), problems=problems)


def find_prompt_hook(machine: Machine) -> PromptHook | None:
    """Return the hook that the plugin runs for each user message."""
    ours = [entry for _, entry in _read_entries(machine) if _is_ours(entry)]
    if not ours:
        return None
    options = ours[0][1] if isinstance(ours[0], list) and len(ours[0]) > 1 else {}
    command, environ = read_plugin_options(options)
    return PromptHook((command, "hook", "chat.message", "--harness", name), _write_input, environ)


def _write_input(prompt: str, session_id: str, folder: str) -> dict[str, Any]:
    return {"sessionID": session_id, "directory": folder, "messageID": session_id, "text": prompt}


def _make_entry(options: InstallOptions) -> Any:
    spec = find_source(name, _MARK, options.source)
    if spec.endswith((".tgz", ".gz")):
        spec = f"{_PACKAGE}@file:{spec}"
    return [spec, {"command": options.command}] if options.command else spec


def _get_spec(entry: Any) -> str:
    first = entry[0] if isinstance(entry, list) and entry else entry
    return first if isinstance(first, str) else ""


def _is_ours(entry: Any) -> bool:
    """Recognise the plugin by the name of its package, which a folder's package.json has too."""
    spec = _get_spec(entry)
    if spec == _PACKAGE or spec.startswith(f"{_PACKAGE}@"):
        return True
    try:
        package = json.loads(Path(spec.removeprefix("file://"), "package.json").read_bytes())
    except (OSError, ValueError):
        return spec.endswith("/plugins/opencode")  # a working tree that is gone
    return isinstance(package, dict) and package.get("name") == _PACKAGE


def _list_files(machine: Machine) -> list[Path]:
    return [path for file in _FILES if (path := find_folder(machine) / file).is_file()]


def _choose_file(machine: Machine) -> Path:
    """Return the file that has a list of plugins already, or else the one that takes precedence."""
    files = _list_files(machine)
    listing = [path for path in files if _KEY in _parse(path)]
    return (listing or files or [find_folder(machine) / "opencode.json"])[-1]


def _read_entries(machine: Machine) -> list[tuple[Path, Any]]:
    """Return the plugins of every file."""
    entries = []
    for path in _list_files(machine):
        listed = _parse(path).get(_KEY, [])
        entries += [(path, entry) for entry in listed] if isinstance(listed, list) else []
    return entries


def _parse(path: Path) -> dict[str, Any]:
    data = read_bytes(path)
    if data is None:
        return {}
    try:
        values = parse(data.decode())
    except (NotJson, UnicodeDecodeError) as error:
        raise SetupFailed(f"{path} isn't valid JSON ({error}): fix it first") from None
    if not isinstance(values, dict):
        raise SetupFailed(f"{path} isn't a JSON object: fix it first")
    return values
