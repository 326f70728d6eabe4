"""The agent hosts that mnemos knows: for each a folder of this package, and its name here.

`events.py` of a folder reads what the host sends its hooks (`ADAPTER`, see `hooks/adapter.py`); `install.py`
sets the host up (see `install_port.py`). Both are loaded by name, so a hook loads nothing of other hosts.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from mnemos.hooks.adapter import Adapter
    from mnemos.hosts.install_port import Host

#: Their names in options and manifests, in the order in which they are shown.
NAMES: Final = ("claude", "opencode", "openclaw")


def find_adapter(name: str) -> Adapter | None:
    """Load the adapter of a host; None for an unknown one."""
    if name not in NAMES:
        return None
    return cast("Adapter", import_module(f"mnemos.hosts.{name}.events").ADAPTER)


def load_host(name: str) -> Host:
    """Load the module that sets up a host; `name` is one of `NAMES`."""
    return cast("Host", import_module(f"mnemos.hosts.{name}.install"))


def load_hosts() -> list[Host]:
    """Load the modules that set up hosts, in the order of `NAMES`."""
    return [load_host(name) for name in NAMES]
