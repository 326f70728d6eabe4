"""What setup needs from every agent host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mnemos.machine.machine import Machine
from mnemos.machine.records import Section

#: The plugin's id in Claude Code and OpenClaw.
PLUGIN = "mnemos"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem, and the command that fixes it."""

    words: str
    fix: str


@dataclass(frozen=True, slots=True)
class HostState:
    """How far a host is set up."""

    #: The version of its program; "" if unknown.
    version: str
    is_installed: bool
    #: Version and origin of the plugin, such as "0.1.0 from ~/mnemos".
    plugin: str = ""
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InstallOptions:
    """How to install the plugin."""

    #: A working tree, a bundle or a package; None for the plugin that the client contains.
    source: Path | None = None
    #: Path of `mnemos` for hosts that can't find it on the PATH; "" if they can.
    command: str = ""


@dataclass(frozen=True, slots=True)
class PromptHook:
    """What a host runs with each prompt."""

    #: The program, by the name or path that the host uses, and its arguments.
    command: tuple[str, ...]
    #: Makes what the host sends, from a prompt, the id of a session and a folder.
    write_input: Callable[[str, str, str], dict[str, Any]]
    #: Variables that the host adds.
    environ: Mapping[str, str] = field(default_factory=dict)


class Host(Protocol):
    """One agent host."""

    #: Its name in options and manifests: claude, opencode, openclaw.
    name: str
    #: Its name for people.
    title: str
    #: The program on the PATH.
    program: str

    def find_folder(self, machine: Machine) -> Path:
        """Return the folder of the host's settings, whether or not it exists."""
        ...

    def plan(self, machine: Machine, options: InstallOptions) -> str:
        """Describe in a few words what `install` would do; raises SetupFailed if it can't be done."""
        ...

    def install(self, machine: Machine, section: Section, options: InstallOptions) -> bool:
        """Install and enable the plugin; False if it is already.

        Changes are recorded in `section` before they are made. Raises SetupFailed.
        """
        ...

    def remove(self, machine: Machine, section: Section) -> None:
        """Remove what `install` added; raises SetupFailed."""
        ...

    def inspect(self, machine: Machine) -> HostState:
        """Return how far it is set up, without changing anything; raises SetupFailed if that is unknown."""
        ...

    def find_prompt_hook(self, machine: Machine) -> PromptHook | None:
        """Return the hook that recalls for a prompt; None if the plugin isn't installed and enabled.

        Raises SetupFailed if that is unknown, or a setting that the hook needs can't be read.
        """
        ...


def is_present(machine: Machine, host: Host) -> bool:
    """Return whether the host's program is on this machine."""
    return machine.find_program(host.program) is not None
