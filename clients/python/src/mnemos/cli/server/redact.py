"""`mnemos redact`: finds and removes secrets in everything that is stored."""

from __future__ import annotations

import time
from typing import Final

import click

import mnemos
from mnemos.cli.options import examples
from mnemos.cli.settings import Settings, json_option, pass_settings, show

#: Seconds between two checks of the job: the first, and the longest.
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_ENDED: Final = ("done", "failed")


@click.command("redact", epilog=examples("mnemos redact", "mnemos redact --apply"))
@click.option("--apply", "applies", is_flag=True, help="Replace the secrets with marks, permanently.")
@json_option
@pass_settings
def redact_stored(settings: Settings, *, applies: bool, as_json: bool) -> None:
    """Find secrets in everything that is stored, and show how many there are of each kind.

    Without --apply nothing is changed. The command waits for the server's job; the job continues if you stop
    the command.
    """
    with settings.open_client() as client:
        job = client.redact_stored(dry_run=not applies)
        pause = _FIRST_PAUSE
        while job.state.value not in _ENDED:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            job = client.get_job(job.id)
    if job.state.value == "failed":
        raise click.ClickException(f"job {job.id} failed: {job.error}")
    show(job, as_json=as_json, render=_show_found)


def _show_found(job: mnemos.Job) -> None:
    detail = job.detail or {}
    found = detail.get("found", {})
    width = max(map(len, found), default=0)
    for kind, number in found.items():
        click.echo(f"{kind:<{width}}  {number:,}")
    if not found:
        click.echo("no secrets found")
    elif detail.get("dry_run"):
        click.echo("nothing was changed; to remove the secrets: mnemos redact --apply", err=True)
    else:
        click.echo(f"{detail.get('changed', 0):,} rows changed", err=True)
