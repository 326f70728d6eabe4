"""`mnemos jobs`: the server's jobs and their results."""

from __future__ import annotations

from typing import Any

import click

import mnemos
from mnemos.cli.options import examples, given
from mnemos.cli.settings import Settings, json_option, pass_settings, show


@click.command(
    "jobs",
    epilog=examples(
        "mnemos jobs --state failed",
        "mnemos jobs 0amfm0j0ye4sz",
    ),
)
@click.argument("job_id", metavar="[ID]", required=False)
@click.option(
    "--state",
    type=click.Choice(["waiting", "running", "done", "failed"]),
    metavar="STATE",
    help="Only waiting, running, done or failed jobs.",
)
@click.option("--limit", type=click.IntRange(1, 200), metavar="N", help="At most N, 1 to 200; default 50.")
@json_option
@pass_settings
def show_jobs(settings: Settings, /, job_id: str | None, *, as_json: bool, **filters: Any) -> None:
    """List the server's jobs, latest change first; with an ID, show that job in full.

    A job continues in the background after a response, such as extracting facts from a conversation.
    """
    wanted = given(filters)
    if job_id is not None and wanted:
        raise click.UsageError("--state and --limit can't be combined with an ID")
    with settings.open_client() as client:
        if job_id is None:
            show(client.list_jobs(**wanted), as_json=as_json, render=_show_list)
        else:
            show(client.get_job(job_id), as_json=as_json, render=_show_one)


def _show_list(page: mnemos.JobPage) -> None:
    from mnemos.cli.memories.render import print_jobs  # noqa: PLC0415  (rich is only for people)

    print_jobs(page)


def _show_one(job: mnemos.Job) -> None:
    from mnemos.cli.memories.render import print_job  # noqa: PLC0415  (rich is only for people)

    print_job(job)
