"""What `plugins/shared/mnemos.js` makes of the options of a plugin in JavaScript."""

from __future__ import annotations

from typing import Any

from mnemos import variables
from mnemos.machine.machine import SetupFailed

_VARIABLES = {
    "url": variables.PLUGIN_API_URL,
    "apiKey": variables.PLUGIN_API_KEY,
    "agentId": variables.AGENT_ID,
}
#: Part of what OpenClaw shows in place of a secret.
_HIDDEN = "REDACTED"


def read_plugin_options(options: Any) -> tuple[str, dict[str, str]]:
    """Return the program that the plugin starts, and the variables that it sets.

    Raises:
        SetupFailed: the host doesn't show the key.
    """
    given = options if isinstance(options, dict) else {}
    key = given.get("apiKey", "")
    if not isinstance(key, str) or _HIDDEN in key:
        raise SetupFailed("the key in the plugin's options can't be read")
    environ = {variable.name: str(given[name]) for name, variable in _VARIABLES.items() if given.get(name)}
    return str(given.get("command") or "mnemos"), environ
