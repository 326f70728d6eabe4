"""A link to `mnemos` where hosts find it."""

from __future__ import annotations

import os
from pathlib import Path

from mnemos.machine.machine import Machine, SetupFailed
from mnemos.machine.records import Section

#: The line of a shell's startup file that puts the link's folder on the PATH.
PATH_LINE = 'export PATH="$HOME/.local/bin:$PATH"'


def get_link_path(machine: Machine) -> Path:
    """Return the path of the link, in the folder of a user's own programs."""
    return machine.home / ".local" / "bin" / "mnemos"


def is_reachable(machine: Machine) -> bool:
    """Return whether `mnemos` on the PATH is the one that is running."""
    found = machine.find_program("mnemos")
    if found is None or machine.own_program is None:
        return found is not None and machine.own_program is None
    return found.resolve() == machine.own_program.resolve()


def is_linked(machine: Machine) -> bool:
    """Return whether the link exists and leads to the running `mnemos`."""
    link = get_link_path(machine)
    return link.is_symlink() and link.readlink() == machine.own_program


def is_on_path(machine: Machine) -> bool:
    """Return whether the folder of the link is on the PATH."""
    folders = machine.environ.get("PATH", "").split(os.pathsep)
    return str(get_link_path(machine).parent) in [folder.rstrip("/") for folder in folders]


def make_link(machine: Machine, section: Section) -> bool:
    """Link to the running `mnemos`; False if the link exists already.

    Raises:
        SetupFailed: another file has that name.
    """
    link, target = get_link_path(machine), machine.own_program
    if target is None:
        raise SetupFailed("mnemos isn't installed as a program, so there is nothing to link to")
    if is_linked(machine):
        return False
    if link.exists() and not (link.is_symlink() and section.facts.get("link") == str(link)):
        raise SetupFailed(f"{link} exists and isn't a link of mnemos: move it away first")
    section.watch_folder(link.parent)
    section.facts |= {"link": str(link), "target": str(target)}
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    return True


def remove_link(section: Section) -> None:
    """Remove the link, unless it leads elsewhere now."""
    link = Path(section.facts["link"])
    if link.is_symlink() and str(link.readlink()) == section.facts["target"]:
        link.unlink()
