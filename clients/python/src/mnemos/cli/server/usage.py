"""`mnemos usage`: what models cost, and today's budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mnemos.cli.settings import Settings, json_option, pass_settings, show

if TYPE_CHECKING:
    from mnemos_contract.jobs import Usage


@click.command("usage")
@json_option
@pass_settings
def show_usage(settings: Settings, *, as_json: bool) -> None:
    """Show what language and embedding models cost per day, and how much of today's budgets is spent."""
    with settings.open_client() as client:
        usage = client.get_usage()
    show(usage, as_json=as_json, render=_show_usage)


def _show_usage(usage: Usage) -> None:
    from mnemos.cli.server.render_usage import print_usage  # noqa: PLC0415  (rich is only for people)

    print_usage(usage)
