"""`mnemos uninstall`: undoes what `mnemos setup` did."""

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
@click.option("--host", "host_names", multiple=True, type=click.Choice(NAMES), help="Only from this host.")
@click.option("--keep-credentials", is_flag=True, help="Keep servers and keys.")
@click.option(
    "--purge", is_flag=True, help="Also delete the data of hooks: unsent messages, cursors and the log."
)
@click.option("--yes", "-y", is_flag=True, help="Don't ask for confirmation.")
def take_out(*, host_names: tuple[str, ...], keep_credentials: bool, purge: bool, yes: bool) -> None:
    """Undo what `mnemos setup` did on this machine.

    Restores files that haven't changed since; from files that have changed, removes only the entries of
    mnemos. The memories stay on the server.
    """
    machine = Machine(os.environ)
    try:
        manifest = Manifest.load(machine.config_folder)
    except SetupFailed as error:
        raise Failure(str(error)) from error
    names = _choose(manifest, host_names, keep_credentials=keep_credentials)
    if not names and not purge:
        click.echo("nothing to undo: there are no changes of `mnemos setup` on this machine")
        return
    _confirm(machine, manifest, names, purge=purge, yes=yes)
    folders = applying.list_folders(manifest)
    results = [_take_back(machine, manifest, name) for name in names]
    if purge and applying.remove_state(machine.state_folder):
        print_line(OK, "state", f"deleted {machine.shorten(machine.state_folder)}")
    if not manifest.sections:
        remove_empty_folders(folders)
    if not all(results):
        click.get_current_context().exit(Failure.exit_code)


def _choose(manifest: Manifest, host_names: tuple[str, ...], *, keep_credentials: bool) -> list[str]:
    """Return the sections to undo, last one first."""
    names = [name for name in reversed(manifest.sections) if not host_names or name in host_names]
    return [name for name in names if not (keep_credentials and name == applying.CREDENTIALS)]


def _confirm(machine: Machine, manifest: Manifest, names: list[str], *, purge: bool, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask for confirmation; --yes continues without")
    for name in names:
        words = "remove the plugin"
        if name == applying.LINK:
            words = f"remove {machine.shorten(manifest.sections[name].facts['link'])}"
        elif name == applying.CREDENTIALS:
            made = manifest.sections[name].facts.get("profiles", [])
            keys = f"profile {', '.join(map(repr, made))}" if made else "what was changed"
            words = (
                f"delete {keys}; without its key, no one can access that memory (--keep-credentials keeps it)"
            )
        print_line(NOTE, _entitle(name), f"will {words}")
    if purge:
        print_line(NOTE, "state", f"will delete {machine.shorten(machine.state_folder)}")
    if not click.confirm("Continue?", default=True):
        raise click.Abort


def _take_back(machine: Machine, manifest: Manifest, name: str) -> bool:
    try:
        kept = applying.take_back(machine, manifest, name)
    except SetupFailed as error:
        print_line(BAD, _entitle(name), str(error))
        return False
    rest = f"; changed since, so only entries of mnemos were removed: {', '.join(kept)}" if kept else ""
    print_line(OK, _entitle(name), f"undone{rest}")
    return True


def _entitle(name: str) -> str:
    return load_host(name).title if name in NAMES else name
