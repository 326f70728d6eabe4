"""The hook that Claude Code runs with each prompt, from the files of its plugin and its settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mnemos import variables
from mnemos.hosts.install_port import PLUGIN
from mnemos.machine.machine import SetupFailed

_EVENT = "UserPromptSubmit"
#: Where Claude Code keeps the options of our plugin in its settings; a key is kept elsewhere.
_ID = f"{PLUGIN}@{PLUGIN}"
_ROOT = "${CLAUDE_PLUGIN_ROOT}"


def read_command(folder: Path) -> tuple[str, ...]:
    """Return the command line of the plugin in a folder.

    Raises:
        SetupFailed: the plugin has none.
    """
    hooks = _read_object(folder / "hooks" / "hooks.json").get("hooks", {})
    try:
        hook = hooks[_EVENT][0]["hooks"][0]
        words = [hook["command"], *hook["args"]] if "args" in hook else ["sh", "-c", hook["command"]]
    except (KeyError, IndexError, TypeError, AttributeError):
        raise SetupFailed(f"the plugin in {folder} has no hook for prompts") from None
    return tuple(str(word).replace(_ROOT, str(folder)) for word in words)


def read_environ(path: Path) -> dict[str, str]:
    """Return the variables that hooks get from Claude Code's settings.

    Raises:
        SetupFailed: the plugin's options name a server, and its key is kept where only Claude Code reads it.
    """
    settings = _read_object(path)
    options = _dig(settings, "pluginConfigs", _ID, "options")
    names = {"api_url": variables.CLAUDE_API_URL, "api_key": variables.CLAUDE_API_KEY}
    environ = {variable.name: str(options[name]) for name, variable in names.items() if options.get(name)}
    if "api_url" in options and "api_key" not in options:
        raise SetupFailed("the key in the plugin's options can't be read")
    return {name: str(value) for name, value in _dig(settings, "env").items()} | environ


def write_input(prompt: str, session_id: str, folder: str) -> dict[str, Any]:
    """Return what Claude Code sends to the hook."""
    return {"hook_event_name": _EVENT, "session_id": session_id, "cwd": folder, "prompt": prompt}


def _dig(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return an object inside others; an empty one if it isn't there."""
    for name in names:
        found = values.get(name)
        values = found if isinstance(found, dict) else {}
    return values


def _read_object(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
