"""`mnemos doctor`: checks everything between the agents and their memory, in order."""

from __future__ import annotations

import json
import os
import time

import click

import mnemos
from mnemos.address import BadAddress
from mnemos.cli.failures import Failure, NoServer, explain
from mnemos.cli.server.components import ask_parts, describe, is_well
from mnemos.cli.settings import Settings, pass_settings
from mnemos.cli.setup.printing import BAD, NOTE, OK, print_line
from mnemos.config import Origin, trace_address
from mnemos.hosts.registry import load_hosts
from mnemos.machine.machine import Machine
from mnemos.setup import findings, profiles, recalls
from mnemos.setup.findings import Finding
from mnemos.setup.server import open_client

#: The command that fixes, or explains, a part of a server that doesn't work.
_FIXES = {
    "database": "mnemos status",
    "key": "mnemos setup",
    "vectors": "mnemos status",
}


@click.command("doctor")
@click.option(
    "--fix", is_flag=True, help="Restrict the credentials file to its owner, and end pauses of hooks."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_settings
def examine(settings: Settings, *, fix: bool, as_json: bool) -> None:
    """Check program, credentials, server and plugins, and print the command that fixes each problem.

    Exits with 0 if there is no problem, with 1 if there is one, with 3 if the server is unreachable.
    """
    machine = Machine(os.environ)
    if fix:
        profiles.tighten(machine.credentials_path)
        recalls.close_circuits(machine)
    found, exit_code = _look(machine, settings)
    if as_json:
        rows = [{"name": f.name, "mark": f.mark, "words": f.words, "fix": f.fix} for f in found]
        click.echo(json.dumps({"is_well": exit_code == 0, "findings": rows}))
    else:
        for finding in found:
            print_line(finding.mark, finding.name, finding.words, finding.fix)
    click.get_current_context().exit(exit_code)


def _look(machine: Machine, settings: Settings) -> tuple[list[Finding], int]:
    """Return all findings, and the exit code."""
    origin: Origin | BadAddress
    try:
        origin = trace_address(machine.environ, url=settings.url, profile=settings.profile)
    except BadAddress as error:
        origin = error
    usable = None if isinstance(origin, BadAddress) else origin
    found = [
        findings.look_at_program(machine),
        findings.look_at_credentials(machine, usable),
        findings.look_at_address(machine, origin),
        *findings.look_at_variables(machine),
    ]
    parts, is_reachable = _look_at_server(usable) if usable else ([], True)
    found += parts
    hosts = load_hosts()
    for host in hosts:
        found += findings.look_at_host(machine, host)
    now = time.time()
    own_url = usable.address.url if usable else ""
    found += recalls.look_at_recalls(machine, hosts, own_url, now, has_server=is_reachable and bool(usable))
    found += [*findings.look_at_spool(machine, now), *findings.look_at_log(machine, now)]
    if not is_reachable:
        return found, NoServer.exit_code
    return found, Failure.exit_code if any(finding.mark == BAD for finding in found) else 0


def _look_at_server(origin: Origin) -> tuple[list[Finding], bool]:
    """Return the state of the server and its parts; False if it is unreachable."""
    url = origin.address.url
    try:
        with open_client(origin.address) as client:
            parts = ask_parts(client)
    except mnemos.MnemosError as error:
        found = [Finding("server", BAD, explain(error).message, "mnemo-server")]
        return [*found, *(Finding(name, NOTE, "not checked") for name in _FIXES)], False
    return [
        Finding(name, OK, describe(name, part, url))
        if is_well(part)
        else Finding(name, BAD, describe(name, part, url), _FIXES.get(name, ""))
        for name, part in parts.items()
    ], True
