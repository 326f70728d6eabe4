"""The agent hosts that set-up knows."""

from __future__ import annotations

from typing import Final, cast

from mnemos.setup.hosts import claude, openclaw, opencode
from mnemos.setup.hosts.base import Host

#: By name, in the order in which they are shown.
HOSTS: Final[dict[str, Host]] = {module.name: cast("Host", module) for module in (claude, opencode, openclaw)}
