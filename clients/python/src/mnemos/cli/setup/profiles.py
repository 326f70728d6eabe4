"""`mnemos profiles`: the servers that this machine has keys for. Keys are never shown."""

from __future__ import annotations

import json
import os

import click

from mnemos.address import BadAddress
from mnemos.cli.failures import Failure
from mnemos.cli.settings import json_option
from mnemos.machine.machine import Machine, SetupFailed
from mnemos.setup import profiles


class _Group(click.Group):
    """A group that prints errors as one sentence."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; errors become a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except (SetupFailed, BadAddress) as error:
            raise Failure(str(error)) from error


@click.group("profiles", cls=_Group, invoke_without_command=True)
@json_option
@click.pass_context
def manage_profiles(context: click.Context, *, as_json: bool) -> None:
    """Manage profiles, each a server with a key; `mnemos setup --profile NAME` adds one.

    Without a command, lists them.
    """
    if context.invoked_subcommand is None:
        _list(as_json=as_json)


@manage_profiles.command("list")
@json_option
def list_profiles(*, as_json: bool) -> None:
    """List the profiles; the default one has a star."""
    _list(as_json=as_json)


@manage_profiles.command("use")
@click.argument("name")
def use_profile(name: str) -> None:
    """Make a profile the default."""
    profiles.use_profile(Machine(os.environ), name)
    click.echo(f"profile {name!r} is now the default")


@manage_profiles.command("remove")
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="Don't ask for confirmation.")
def remove_profile(name: str, *, yes: bool) -> None:
    """Delete a profile and its key from this machine; the memories stay on the server."""
    if not yes:
        click.confirm(f"Delete {name!r}? Without its key, no one can access its memories.", abort=True)
    profiles.remove_profile(Machine(os.environ), name)
    click.echo(f"profile {name!r} deleted")


def _list(*, as_json: bool) -> None:
    credentials = profiles.load(Machine(os.environ))
    known = [credentials.profiles[name] for name in sorted(credentials.profiles)]
    if as_json:
        rows = [
            {"name": profile.name, "url": profile.url, "is_default": profile.name == credentials.default}
            for profile in known
        ]
        click.echo(json.dumps(rows))
        return
    width = max((len(profile.name) for profile in known), default=0)
    for profile in known:
        click.echo(
            f"{'*' if profile.name == credentials.default else ' '} {profile.name:<{width}}  {profile.url}"
        )
    if not known:
        click.echo("no profiles; `mnemos setup` creates one", err=True)
