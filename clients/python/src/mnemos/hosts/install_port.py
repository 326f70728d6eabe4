"""What set-up asks of every agent host."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mnemos.machine.machine import Machine
from mnemos.machine.records import Section

#: The plugin's id in Claude Code and OpenClaw.
PLUGIN = "mnemos"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, and the command that fixes it."""

    words: str
    fix: str


@dataclass(frozen=True, slots=True)
class HostState:
    """How far a host is set up."""

    #: The version of its program; "" when it doesn't tell.
    version: str
    is_installed: bool
    #: What was found of our plugin, such as "0.1.0 from ~/mnemos".
    plugin: str = ""
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InstallOptions:
    """How the plugin shall be installed."""

    #: A working tree, a bundle or a package that was given; None for the published one.
    source: Path | None = None
    #: Path of `mnemos` for hosts that can't find it on the PATH; "" where they can.
    command: str = ""


class Host(Protocol):
    """One agent host."""

    #: As options and manifests have it: claude, opencode, openclaw.
    name: str
    #: As people have it.
    title: str
    #: The program on the PATH.
    program: str

    def find_folder(self, machine: Machine) -> Path:
        """Give the folder where the host keeps its settings, whether or not it is there."""
        ...

    def plan(self, machine: Machine, options: InstallOptions) -> str:
        """Say in a few words what `install` would do; raises SetupFailed when it can't."""
        ...

    def install(self, machine: Machine, section: Section, options: InstallOptions) -> bool:
        """Install and enable the plugin; False when that was so already.

        What is changed is told to `section` before it is.
        Raises SetupFailed.
        """
        ...

    def remove(self, machine: Machine, section: Section) -> None:
        """Take out what `install` put in; raises SetupFailed."""
        ...

    def inspect(self, machine: Machine) -> HostState:
        """Look how far it is set up, and change nothing; raises SetupFailed when it can't be told."""
        ...


def is_present(machine: Machine, host: Host) -> bool:
    """Tell whether the host's program is on this machine."""
    return machine.find_program(host.program) is not None
