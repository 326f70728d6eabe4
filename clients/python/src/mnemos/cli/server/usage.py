"""`mnemos usage`: what models cost, and what they may still take today."""

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
    """Say what language and embedding models cost, day by day, and what is left of today's budget."""
    with settings.open_client() as client:
        usage = client.get_usage()
    show(usage, as_json=as_json, render=_show_usage)


def _show_usage(usage: Usage) -> None:
    from mnemos.cli.server.render_usage import print_usage  # noqa: PLC0415  (rich is only for people)

    print_usage(usage)
