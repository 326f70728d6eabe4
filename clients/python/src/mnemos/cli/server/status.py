"""`mnemos status`: whether the server and its parts work."""

from __future__ import annotations

import json
import os

import click

from mnemos.cli.failures import Failure
from mnemos.cli.server.components import ask_parts, describe, is_well, to_json
from mnemos.cli.settings import Settings, json_option, pass_settings
from mnemos.variables import describe_unknown, find_unknown


@click.command("status")
@json_option
@pass_settings
def show_status(settings: Settings, *, as_json: bool) -> None:
    """Check server, database, key and vectors.

    Exits with 0 if all of them work, with 1 if one doesn't, with 3 if the server is unreachable.
    `mnemos doctor` checks this machine and the plugins too.
    """
    for name in find_unknown(os.environ):
        click.echo(describe_unknown(name), err=True)
    with settings.open_client(attempts=1) as client:
        parts = ask_parts(client)
        url = client.url
    if as_json:
        click.echo(json.dumps({"url": url, **{name: to_json(part) for name, part in parts.items()}}))
    else:
        for name, part in parts.items():
            click.echo(f"{'ok ' if is_well(part) else 'BAD'}  {name:<8}  {describe(name, part, url)}")
    if not all(is_well(part) for part in parts.values()):
        click.get_current_context().exit(Failure.exit_code)
