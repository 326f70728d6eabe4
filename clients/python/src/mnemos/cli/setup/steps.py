"""The steps of `mnemos setup`; each prints one line."""

from __future__ import annotations

import time
from dataclasses import dataclass

import click

import mnemos
from mnemos.address import BadAddress, ServerAddress
from mnemos.cli.failures import Failure, explain
from mnemos.cli.setup.printing import BAD, NOTE, OK, print_line
from mnemos.config import trace_address
from mnemos.hosts.install_port import Host, InstallOptions
from mnemos.machine.linking import PATH_LINE, get_link_path, is_on_path, is_reachable
from mnemos.machine.machine import Machine, SetupFailed
from mnemos.machine.records import Manifest
from mnemos.setup import applying, profiles, recalls, server
from mnemos.setup.choosing import Choice
from mnemos.variables import describe_unknown, find_unknown


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that setup will do."""

    choice: Choice
    profile: str
    hosts: list[Host]
    options: InstallOptions
    has_link: bool
    has_check: bool


def carry_out(machine: Machine, plan: Plan) -> bool:
    """Do the steps and print the result of each; False if one of them failed."""
    click.echo()
    try:
        manifest = Manifest.load(machine.config_folder)
        profiles.check_name(plan.profile)  # before a key is created that can't be saved
        address = server.make_key(plan.choice.address.url) if plan.choice.makes_key else plan.choice.address
        is_new = applying.keep_credentials(machine, manifest, plan.profile, address)
    except SetupFailed as error:
        raise Failure(str(error)) from error
    where = f"{machine.shorten(machine.credentials_path)}, profile {plan.profile!r}"
    print_line(OK, "credentials", where if is_new else f"{where}, unchanged")
    results = [_link(machine, manifest)] if plan.has_link else []
    installed = [host for host in plan.hosts if _install(machine, manifest, host, plan.options)]
    results.append(len(installed) == len(plan.hosts))
    if plan.has_check:
        results.append(_check_memory(address))
        results.append(results[-1] and _check_hooks(machine, installed))
    _print_rest(machine, plan)
    return all(results)


def _link(machine: Machine, manifest: Manifest) -> bool:
    try:
        is_new = applying.link_program(machine, manifest)
    except SetupFailed as error:
        print_line(BAD, "link", str(error))
        return False
    print_line(OK, "link", machine.shorten(get_link_path(machine)) + ("" if is_new else ", unchanged"))
    return True


def _install(machine: Machine, manifest: Manifest, host: Host, options: InstallOptions) -> bool:
    try:
        is_new = applying.install_host(machine, manifest, host, options)
    except SetupFailed as error:
        print_line(BAD, host.title, str(error))
        return False
    print_line(
        OK, host.title, "installed; active from the next session" if is_new else "installed, unchanged"
    )
    return True


def _check_memory(address: ServerAddress) -> bool:
    try:
        print_line(OK, "recall", f"stored, found after {server.remember(address):.0f} ms, and deleted")
    except (SetupFailed, mnemos.MnemosError) as error:
        print_line(
            BAD, "recall", explain(error).message if isinstance(error, mnemos.MnemosError) else str(error)
        )
        return False
    return True


def _check_hooks(machine: Machine, hosts: list[Host]) -> bool:
    """Run the hooks as the hosts will do; if they are in time, no server is left alone any longer."""
    found = recalls.look_at_recalls(machine, hosts, "", time.time())
    hooks = [finding for finding in found if finding.name == recalls.HOOKS]
    for finding in hooks:
        print_line(finding.mark, finding.name, finding.words, finding.fix)
    is_well = all(finding.mark != BAD for finding in hooks)
    if is_well:
        recalls.close_circuits(machine)
    return is_well


def _print_rest(machine: Machine, plan: Plan) -> None:
    """Print what the user still has to do, and how to undo the setup."""
    if not is_reachable(machine) and not plan.has_link:
        found = machine.find_program("mnemos")
        words = (
            f"the PATH leads to another mnemos: {found}"
            if found
            else "not on the PATH, so hosts can't find it"
        )
        print_line(BAD if found is None else NOTE, "mnemos", words, "mnemos setup --link")
    if plan.has_link and not is_on_path(machine):
        print_line(NOTE, "PATH", "add this to your shell's startup file", PATH_LINE)
    for unknown in find_unknown(machine.environ):
        print_line(NOTE, "variables", describe_unknown(unknown))
    try:
        origin = trace_address(machine.environ)
    except BadAddress as error:
        print_line(BAD, "address", str(error))
    else:
        if origin.key_from != f"profile {plan.profile!r}" or origin.url_from != origin.key_from:
            print_line(
                NOTE,
                "address",
                f"{origin.key_from or origin.url_from} takes precedence over profile {plan.profile!r}",
            )
    click.echo("\nCheck: mnemos doctor    Undo: mnemos uninstall")
