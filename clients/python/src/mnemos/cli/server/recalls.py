"""`mnemos recalls`: what agents were shown, what was left out, and why."""

from __future__ import annotations

from typing import Any

import click

import mnemos
from mnemos.cli.options import examples, given
from mnemos.cli.settings import Settings, json_option, pass_settings, show


@click.command(
    "recalls",
    epilog=examples(
        "mnemos recalls",
        "mnemos recalls --silent --limit 50",
        "mnemos recalls 0amfm0j0ye4sz",
    ),
)
@click.argument("recall_id", metavar="[ID]", required=False)
@click.option("--session", "session_id", metavar="ID", help="Only recalls of this session.")
@click.option("--silent/--shown", default=None, help="Only recalls that showed nothing, or something.")
@click.option("--limit", type=click.IntRange(1, 200), metavar="N", help="At most N, 1 to 200; default 20.")
@json_option
@pass_settings
def show_recalls(settings: Settings, /, recall_id: str | None, *, as_json: bool, **filters: Any) -> None:
    """List what agents were shown with their prompts, latest first; with an ID, show that recall in full.

    Each recall names the memories that were shown and those that were left out, and why.
    """
    wanted = given(filters)
    if recall_id is not None and wanted:
        raise click.UsageError("--session, --silent, --shown and --limit can't be combined with an ID")
    with settings.open_client() as client:
        if recall_id is None:
            show(client.list_recalls(**wanted), as_json=as_json, render=_show_list)
        else:
            show(client.get_recall(recall_id), as_json=as_json, render=_show_one)


def _show_list(page: mnemos.RecallPage) -> None:
    from mnemos.cli.server.render_recalls import print_recalls  # noqa: PLC0415  (rich is only for people)

    print_recalls(page)


def _show_one(recall: mnemos.Recall) -> None:
    from mnemos.cli.server.render_recalls import print_recall  # noqa: PLC0415  (rich is only for people)

    print_recall(recall)
