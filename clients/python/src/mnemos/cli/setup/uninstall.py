"""`mnemos uninstall`: takes back what `mnemos setup` did."""

from __future__ import annotations

import os
import sys

import click

from mnemos.cli.failures import Failure
from mnemos.cli.setup.printing import BAD, NOTE, OK, print_line
from mnemos.hosts.registry import NAMES, load_host
from mnemos.machine.machine import Machine, SetupFailed
from mnemos.machine.records import Manifest
from mnemos.setup import applying
from mnemos.setup.undoing import remove_empty_folders


@click.command("uninstall")
@click.option("--host", "host_names", multiple=True, type=click.Choice(NAMES), help="Only out of this host.")
@click.option("--keep-credentials", is_flag=True, help="Leave servers and keys where they are.")
@click.option(
    "--purge", is_flag=True, help="Also remove what hooks keep: what waits to be sent, and the log."
)
@click.option("--yes", "-y", is_flag=True, help="Ask nothing.")
def take_out(*, host_names: tuple[str, ...], keep_credentials: bool, purge: bool, yes: bool) -> None:
    """Take back what `mnemos setup` did on this machine.

    Files that nobody else touched since are put back as they were; from others only our entries go. What the
    server knows stays there.
    """
    machine = Machine(os.environ)
    try:
        manifest = Manifest.load(machine.config_folder)
    except SetupFailed as error:
        raise Failure(str(error)) from error
    names = _choose(manifest, host_names, keep_credentials=keep_credentials)
    if not names and not purge:
        click.echo("nothing to take back: `mnemos setup` did nothing here that is still there")
        return
    _confirm(machine, manifest, names, purge=purge, yes=yes)
    folders = applying.list_folders(manifest)
    results = [_take_back(machine, manifest, name) for name in names]
    if purge and applying.remove_state(machine.state_folder):
        print_line(OK, "state", f"{machine.shorten(machine.state_folder)} is gone")
    if not manifest.sections:
        remove_empty_folders(folders)
    if not all(results):
        click.get_current_context().exit(Failure.exit_code)


def _choose(manifest: Manifest, host_names: tuple[str, ...], *, keep_credentials: bool) -> list[str]:
    """Give the sections to undo, the last one first."""
    names = [name for name in reversed(manifest.sections) if not host_names or name in host_names]
    return [name for name in names if not (keep_credentials and name == applying.CREDENTIALS)]


def _confirm(machine: Machine, manifest: Manifest, names: list[str], *, purge: bool, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to be asked; --yes goes on without")
    for name in names:
        words = "take the plugin out"
        if name == applying.LINK:
            words = f"remove {machine.shorten(manifest.sections[name].facts['link'])}"
        elif name == applying.CREDENTIALS:
            made = manifest.sections[name].facts.get("profiles", [])
            keys = f"profile {', '.join(map(repr, made))}" if made else "what was changed"
            words = f"forget {keys}; without its key nobody opens that memory (--keep-credentials keeps it)"
        print_line(NOTE, _entitle(name), f"will {words}")
    if purge:
        print_line(NOTE, "state", f"will remove {machine.shorten(machine.state_folder)}")
    if not click.confirm("Go on?", default=True):
        raise click.Abort


def _take_back(machine: Machine, manifest: Manifest, name: str) -> bool:
    try:
        kept = applying.take_back(machine, manifest, name)
    except SetupFailed as error:
        print_line(BAD, _entitle(name), str(error))
        return False
    rest = f"; changed by others since: {', '.join(kept)}" if kept else ""
    print_line(OK, _entitle(name), f"taken back{rest}")
    return True


def _entitle(name: str) -> str:
    return load_host(name).title if name in NAMES else name
