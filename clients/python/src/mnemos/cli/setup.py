"""`mnemos setup`: server and key written down, plugins put into the hosts, and a look whether it works."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click

import mnemos
from mnemos.cli.failures import Failure, explain
from mnemos.cli.options import examples
from mnemos.cli.settings import Settings, pass_settings
from mnemos.cli.setup_questions import ask_address, ask_hosts, ask_link
from mnemos.cli.telling import BAD, NOTE, OK, tell
from mnemos.config import BadAddress, ServerAddress, trace_address
from mnemos.credentials import FIRST_PROFILE, PROFILE_VARIABLE
from mnemos.setup import applying, server
from mnemos.setup.choosing import Choice, Given, choose, is_replacing
from mnemos.setup.hosts import HOSTS
from mnemos.setup.hosts.base import Host, Wish, is_present
from mnemos.setup.linking import get_link_path, is_on_path, is_reachable
from mnemos.setup.machine import Machine, SetupFailed
from mnemos.setup.records import Manifest

_EPILOG = examples(
    "mnemos setup                                        asks what it must know",
    "mnemos setup --provision --yes                      a new memory on this machine's server",
    "mnemos setup --url URL --api-key-file F --yes       for scripts",
    "mnemos setup --host claude --source . --yes         the plugin from a working tree",
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that will be done."""

    choice: Choice
    profile: str
    hosts: list[Host]
    wish: Wish
    has_link: bool
    has_check: bool


@click.command("setup", epilog=_EPILOG)
@click.option("--url", metavar="URL", help="Address of the server.")
@click.option("--api-key-file", type=click.File(), metavar="FILE", help="Read the key from a file.")
@click.option("--api-key-stdin", is_flag=True, help="Read the key from standard input.")
@click.option(
    "--provision", is_flag=True, help="Make a new memory on the server, unless the profile has one."
)
@click.option("--from-mem9", is_flag=True, help="Take over the key that mem9's plugins keep.")
@click.option(
    "--host", "host_names", multiple=True, type=click.Choice([*HOSTS, "all", "none"]),
    help="A host to set up; may be repeated. Default: all that are here.",
)  # fmt: skip
@click.option("--profile", metavar="NAME", help=f"The profile to write; default {FIRST_PROFILE!r}.")
@click.option(
    "--source", type=click.Path(exists=True, path_type=Path), metavar="PATH",
    help="Plugins from a working tree, a bundle or a package.",
)  # fmt: skip
@click.option("--link", is_flag=True, help="Link mnemos into ~/.local/bin when it isn't on the PATH.")
@click.option("--no-check", is_flag=True, help="Don't ask the server anything.")
@click.option("--replace", is_flag=True, help="Overwrite the key that the profile has.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing.")
@pass_settings
def set_up(
    settings: Settings, *, url: str | None, api_key_file: IO[str] | None, api_key_stdin: bool,
    provision: bool, from_mem9: bool, host_names: tuple[str, ...], profile: str | None, source: Path | None,
    link: bool, no_check: bool, replace: bool, dry_run: bool, yes: bool,
) -> None:  # fmt: skip
    """Set up server, key and plugins on this machine.

    What is there already stays; a second run changes nothing more. `mnemos uninstall` takes all of it back.
    """
    machine = Machine(os.environ)
    key = _read_key(api_key_file, from_stdin=api_key_stdin)
    given = Given(url or settings.url, key, provision=provision, from_mem9=from_mem9)
    is_asking = not yes and not dry_run and sys.stdin.isatty()
    if not (yes or dry_run or is_asking):
        raise click.UsageError("nobody is there to be asked; --yes goes on without")
    name = profile or settings.profile or os.environ.get(PROFILE_VARIABLE, "").strip() or FIRST_PROFILE
    choice = ask_address(machine, name, given) if is_asking and not key else choose(machine, name, given)
    if choice is None:
        raise click.UsageError(_explain_missing(given))
    if is_replacing(machine, name, choice) and not replace:
        _refuse_replacing(name, is_asking=is_asking)
    hosts = ask_hosts(machine) if is_asking and not host_names else _pick_hosts(machine, host_names)
    has_link = not is_reachable(machine) and (link or (is_asking and ask_link(machine)))
    has_command = is_reachable(machine) or (has_link and is_on_path(machine))
    command = "" if has_command or machine.own_program is None else str(machine.own_program)
    plan = _Plan(choice, name, hosts, Wish(source, command), has_link, has_check=not no_check)
    _show_plan(machine, plan)
    if dry_run:
        return
    if is_asking and not click.confirm("Go on?", default=True):
        raise click.Abort
    if not _apply(machine, plan):
        click.get_current_context().exit(Failure.exit_code)


def _read_key(file: IO[str] | None, *, from_stdin: bool) -> str | None:
    """Read the key that was given, if one was."""
    if file is None and not from_stdin:
        return None
    key = (sys.stdin if file is None else file).read().strip()
    if not key:
        raise click.UsageError("there is no key in what was given")
    return key


def _refuse_replacing(name: str, *, is_asking: bool) -> None:
    """Keep the only copy of a key, unless somebody says that it may go."""
    lost = f"profile {name!r} has another server or key, and without it nobody opens that memory"
    if not is_asking:
        raise click.UsageError(f"{lost}; --profile NAME writes beside it, --replace overwrites it")
    click.confirm(f"{lost[0].upper()}{lost[1:]}. Overwrite it?", abort=True)


def _explain_missing(given: Given) -> str:
    if given.from_mem9:
        return "mem9's plugins keep no key here"
    return "which key? --api-key-file and --api-key-stdin give one, --provision makes one"


def _pick_hosts(machine: Machine, names: tuple[str, ...]) -> list[Host]:
    """Give the hosts that were named; those that are here when none was."""
    if "none" in names:
        return []
    if names and "all" not in names:
        return [HOSTS[name] for name in HOSTS if name in names]
    return [host for host in HOSTS.values() if is_present(machine, host)]


def _show_plan(machine: Machine, plan: _Plan) -> None:
    """Look whether the server is there, and say what will be done."""
    address = plan.choice.address
    version = ""
    if plan.has_check:
        version = f", version {server.check_server(address.url)}"
        if not plan.choice.makes_key:
            _check_key(address)
    tell(OK if plan.has_check else NOTE, "server", f"{address.url}{version}")
    tell(OK if plan.has_check else NOTE, "key", plan.choice.origin)
    for host in plan.hosts:
        try:
            tell(NOTE, host.title, f"will {host.plan(machine, plan.wish)}")
        except SetupFailed as error:
            raise Failure(str(error)) from error
    if not plan.hosts:
        tell(NOTE, "hosts", "none")
    if plan.has_link:
        tell(NOTE, "link", f"will link {machine.shorten(get_link_path(machine))} to {machine.own_program}")


def _check_key(address: ServerAddress) -> None:
    try:
        server.check_key(address)
    except SetupFailed as error:
        raise Failure(str(error)) from error


def _apply(machine: Machine, plan: _Plan) -> bool:
    """Do it, and tell of each step; False when one of them failed."""
    click.echo()
    try:
        manifest = Manifest.load(machine.config_folder)
        address = server.make_key(plan.choice.address.url) if plan.choice.makes_key else plan.choice.address
        is_new = applying.keep_credentials(machine, manifest, plan.profile, address)
    except SetupFailed as error:
        raise Failure(str(error)) from error
    where = f"{machine.shorten(machine.credentials_path)}, profile {plan.profile!r}"
    tell(OK, "credentials", where if is_new else f"{where}, as it was")
    results = [_link(machine, manifest)] if plan.has_link else []
    results += [_install(machine, manifest, host, plan.wish) for host in plan.hosts]
    if plan.has_check:
        results.append(_check_memory(address))
    _tell_rest(machine, plan)
    return all(results)


def _link(machine: Machine, manifest: Manifest) -> bool:
    try:
        is_new = applying.link_program(machine, manifest)
    except SetupFailed as error:
        tell(BAD, "link", str(error))
        return False
    tell(OK, "link", machine.shorten(get_link_path(machine)) + ("" if is_new else ", as it was"))
    return True


def _install(machine: Machine, manifest: Manifest, host: Host, wish: Wish) -> bool:
    try:
        is_new = applying.install_host(machine, manifest, host, wish)
    except SetupFailed as error:
        tell(BAD, host.title, str(error))
        return False
    tell(OK, host.title, "set up; it counts from the next session on" if is_new else "set up, as it was")
    return True


def _check_memory(address: ServerAddress) -> bool:
    try:
        tell(OK, "recall", f"stored, found after {server.remember(address):.0f} ms, and deleted")
    except (SetupFailed, mnemos.MnemosError) as error:
        tell(BAD, "recall", explain(error).message if isinstance(error, mnemos.MnemosError) else str(error))
        return False
    return True


def _tell_rest(machine: Machine, plan: _Plan) -> None:
    """Say what the user has to do, and how to go back."""
    if not is_reachable(machine) and not plan.has_link:
        found = machine.find_program("mnemos")
        words = (
            f"on the PATH is another one: {found}"
            if found
            else "it isn't on the PATH, so hosts can't find it"
        )
        tell(BAD if found is None else NOTE, "mnemos", words, "mnemos setup --link")
    if plan.has_link and not is_on_path(machine):
        tell(NOTE, "PATH", "add this to your shell's start-up file", 'export PATH="$HOME/.local/bin:$PATH"')
    try:
        origin = trace_address(machine.environ)
    except BadAddress as error:
        tell(BAD, "address", str(error))
    else:
        if origin.key_from != f"profile {plan.profile!r}" or origin.url_from != origin.key_from:
            tell(
                NOTE, "address", f"{origin.key_from or origin.url_from} goes before profile {plan.profile!r}"
            )
    click.echo("\nLook: mnemos doctor    Undo: mnemos uninstall")
