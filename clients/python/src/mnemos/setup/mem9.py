"""The keys of mem9's own plugins, in `~/.mem9/.credentials.json`."""

from __future__ import annotations

import json
from pathlib import Path

from mnemos import variables
from mnemos.address import BadAddress, ServerAddress
from mnemos.machine.machine import Machine
from mnemos.machine.records import read_bytes

#: The address that mem9's plugins use if their file has none.
MEM9_URL = "https://api.mem9.ai"
_PREFERRED = "default"


def find_mem9_file(machine: Machine) -> Path:
    """Return the path of mem9's file, whether or not it exists."""
    home = machine.environ.get(variables.MEM9_HOME.name, "")
    return (Path(home) if home else machine.home / ".mem9") / ".credentials.json"


def find_mem9_address(machine: Machine) -> ServerAddress | None:
    """Return the address of mem9's default profile, or of its first; None if no profile has a key."""
    data = read_bytes(find_mem9_file(machine))
    try:
        profiles = json.loads(data or b"{}").get("profiles", {})
        usable = {
            name: fields for name, fields in profiles.items() if str(fields.get("apiKey") or "").strip()
        }
    except (ValueError, AttributeError, RecursionError):
        return None
    if not usable:
        return None
    fields = usable.get(_PREFERRED) or usable[min(usable)]
    try:
        return ServerAddress(str(fields.get("baseUrl") or MEM9_URL), str(fields["apiKey"]))
    except BadAddress:
        return None
