"""`mnemos setup`: saves server and key, installs the plugins into the hosts, and checks that they work."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

import click

from mnemos.address import ServerAddress
from mnemos.cli.failures import Failure
from mnemos.cli.options import examples
from mnemos.cli.settings import Settings, pass_settings
from mnemos.cli.setup.printing import NOTE, OK, print_line
from mnemos.cli.setup.questions import ask_address, ask_hosts, ask_link
from mnemos.cli.setup.steps import Plan, carry_out
from mnemos.credentials import FIRST_PROFILE, PROFILE_VARIABLE
from mnemos.hosts.install_port import Host, InstallOptions, is_present
from mnemos.hosts.registry import NAMES, load_host, load_hosts
from mnemos.machine.linking import get_link_path, is_linked, is_on_path, is_reachable
from mnemos.machine.machine import Machine, SetupFailed
from mnemos.setup import server
from mnemos.setup.choosing import Given, choose, is_replacing

_EPILOG = examples(
    "mnemos setup                                        asks for what it needs",
    "mnemos setup --provision --yes                      creates a key on this machine's server",
    "mnemos setup --url URL --api-key-file F --yes       for scripts",
    "mnemos setup --host claude --source . --yes         installs the plugin of a working tree",
)


@click.command("setup", epilog=_EPILOG)
@click.option("--url", metavar="URL", help="Address of the server.")
@click.option("--api-key-file", type=click.File(), metavar="FILE", help="Read the key from a file.")
@click.option("--api-key-stdin", is_flag=True, help="Read the key from standard input.")
@click.option(
    "--provision", is_flag=True, help="Create a new, empty memory and its key, unless the profile has a key."
)
@click.option("--from-mem9", is_flag=True, help="Use the key of mem9's plugins.")
@click.option(
    "--host", "host_names", multiple=True, type=click.Choice([*NAMES, "all", "none"]),
    help="Host to set up; may be repeated. Default: all that are installed.",
)  # fmt: skip
@click.option("--profile", metavar="NAME", help=f"Profile to save; default {FIRST_PROFILE!r}.")
@click.option(
    "--source", type=click.Path(exists=True, path_type=Path), metavar="PATH",
    help="Install the plugins from a working tree, a bundle or a package.",
)  # fmt: skip
@click.option("--link", is_flag=True, help="Link mnemos into ~/.local/bin if it isn't on the PATH.")
@click.option("--no-check", is_flag=True, help="Don't connect to the server to check address and key.")
@click.option("--replace", is_flag=True, help="Overwrite the profile's key.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask any questions.")
@pass_settings
def set_up(
    settings: Settings, *, url: str | None, api_key_file: IO[str] | None, api_key_stdin: bool,
    provision: bool, from_mem9: bool, host_names: tuple[str, ...], profile: str | None, source: Path | None,
    link: bool, no_check: bool, replace: bool, dry_run: bool, yes: bool,
) -> None:  # fmt: skip
    """Set up server, key and plugins on this machine.

    Existing settings are kept, and a second run changes nothing. `mnemos uninstall` undoes everything.
    """
    machine = Machine(os.environ)
    key = _read_key(api_key_file, from_stdin=api_key_stdin)
    given = Given(url or settings.url, key, provision=provision, from_mem9=from_mem9)
    is_asking = not yes and not dry_run and sys.stdin.isatty()
    if not (yes or dry_run or is_asking):
        raise click.UsageError("there is no terminal to ask questions; --yes continues without")
    name = profile or settings.profile or os.environ.get(PROFILE_VARIABLE, "").strip() or FIRST_PROFILE
    choice = ask_address(machine, name, given) if is_asking and not key else choose(machine, name, given)
    if choice is None:
        raise click.UsageError(_explain_missing(given))
    if is_replacing(machine, name, choice) and not replace:
        _refuse_replacing(name, is_asking=is_asking)
    hosts = ask_hosts(machine) if is_asking and not host_names else _pick_hosts(machine, host_names)
    has_link = not is_reachable(machine) and (link or is_linked(machine) or (is_asking and ask_link(machine)))
    has_command = is_reachable(machine) or (has_link and is_on_path(machine))
    command = "" if has_command or machine.own_program is None else str(machine.own_program)
    plan = Plan(choice, name, hosts, InstallOptions(source, command), has_link, has_check=not no_check)
    _show_plan(machine, plan)
    if dry_run:
        return
    if is_asking and not click.confirm("Continue?", default=True):
        raise click.Abort
    if not carry_out(machine, plan):
        click.get_current_context().exit(Failure.exit_code)


def _read_key(file: IO[str] | None, *, from_stdin: bool) -> str | None:
    """Return the key from the file or stdin; None without either."""
    if file is None and not from_stdin:
        return None
    key = (sys.stdin if file is None else file).read().strip()
    if not key:
        raise click.UsageError("the key is empty; check the file or stdin")
    return key


def _refuse_replacing(name: str, *, is_asking: bool) -> None:
    """Protect what may be the only copy of a key, unless the user allows overwriting it."""
    lost = f"profile {name!r} has another server or key, without which no one can access that memory"
    if not is_asking:
        raise click.UsageError(f"{lost}; --profile NAME saves a second one, --replace overwrites it")
    click.confirm(f"{lost[0].upper()}{lost[1:]}. Overwrite it?", abort=True)


def _explain_missing(given: Given) -> str:
    if given.from_mem9:
        return "mem9's plugins have no key on this machine"
    return "no key: pass one with --api-key-file or --api-key-stdin, or create one with --provision"


def _pick_hosts(machine: Machine, names: tuple[str, ...]) -> list[Host]:
    """Return the named hosts, or all installed ones if none is named."""
    if "none" in names:
        return []
    if names and "all" not in names:
        return [load_host(name) for name in NAMES if name in names]
    return [host for host in load_hosts() if is_present(machine, host)]


def _show_plan(machine: Machine, plan: Plan) -> None:
    """Check server and key, and print what will be done."""
    address = plan.choice.address
    version = ""
    if plan.has_check:
        version = f", version {server.check_server(address.url)}"
        if not plan.choice.makes_key:
            _check_key(address)
    print_line(OK if plan.has_check else NOTE, "server", f"{address.url}{version}")
    print_line(OK if plan.has_check else NOTE, "key", plan.choice.origin)
    for host in plan.hosts:
        try:
            print_line(NOTE, host.title, f"will {host.plan(machine, plan.options)}")
        except SetupFailed as error:
            raise Failure(str(error)) from error
    if not plan.hosts:
        print_line(NOTE, "hosts", "none")
    if plan.has_link:
        print_line(
            NOTE, "link", f"will link {machine.shorten(get_link_path(machine))} to {machine.own_program}"
        )


def _check_key(address: ServerAddress) -> None:
    try:
        server.check_key(address)
    except SetupFailed as error:
        raise Failure(str(error)) from error
