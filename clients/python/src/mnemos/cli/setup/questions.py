"""Questions that setup asks at a terminal."""

from __future__ import annotations

import click

import mnemos
from mnemos.address import DEFAULT_URL, BadAddress, ServerAddress, is_same_address
from mnemos.cli.failures import explain
from mnemos.hosts.install_port import Host, is_present
from mnemos.hosts.registry import load_hosts
from mnemos.machine.linking import get_link_path
from mnemos.machine.machine import Machine
from mnemos.setup import server
from mnemos.setup.choosing import Choice, Given, choose, offer_environment, offer_kept, offer_mem9


def ask_address(machine: Machine, profile: str, given: Given) -> Choice:
    """Offer each server and key that is found; ask for them if none is accepted."""
    if given.provision or given.from_mem9:
        found = choose(machine, profile, given)
        if found:
            return found
    offers = (
        offer_kept(machine, profile),
        offer_environment(machine),
        offer_mem9(machine),
    )
    for index, offer in enumerate(offers):
        if offer is None or (given.url and not is_same_address(given.url, offer.address.url)):
            continue
        verb = "Keep" if index == 0 else "Use"
        if click.confirm(f"{verb} server {offer.address.url} and the key {offer.origin}?", default=index < 2):  # noqa: PLR2004
            return offer
    url = given.url or _ask_url()
    key = click.prompt(
        "Key (leave empty for a new, empty memory)", hide_input=True, default="", show_default=False
    )
    try:
        address = ServerAddress(url, key)
    except BadAddress as error:
        raise click.UsageError(str(error)) from error
    return Choice(address, "as entered" if address.api_key else "a new one")


def _ask_url() -> str:
    """Ask until a server is reachable at the address."""
    while True:
        url: str = click.prompt("Address of your mnemo-server", default=DEFAULT_URL)
        try:
            server.check_server(url)
        except BadAddress as error:
            click.echo(f"  {error}")
        except mnemos.MnemosError as error:
            click.echo(f"  {explain(error).message}")
        else:
            return url


def ask_hosts(machine: Machine) -> list[Host]:
    """Ask about each installed host."""
    chosen = []
    for host in load_hosts():
        if not is_present(machine, host):
            if host.find_folder(machine).is_dir():
                click.echo(f"{host.title} has settings here, but `{host.program}` isn't on the PATH")
            continue
        if click.confirm(f"Set up {host.title}?", default=True):
            chosen.append(host)
    return chosen


def ask_link(machine: Machine) -> bool:
    """Ask whether to create the link."""
    if machine.own_program is None:
        return False
    where = machine.shorten(get_link_path(machine))
    return click.confirm(f"Hosts can't find mnemos on the PATH. Create the link {where}?", default=True)
