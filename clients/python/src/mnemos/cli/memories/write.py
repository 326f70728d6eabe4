"""Commands that write: `store`, `update`, `delete`, `restore`."""

from __future__ import annotations

from typing import Any

import click

import mnemos
from mnemos.cli.memories.read import show_memory
from mnemos.cli.options import (
    examples,
    given,
    metadata_option,
    read_text,
    source_option,
    suggest_option,
    tag_option,
)
from mnemos.cli.settings import Settings, json_option, pass_settings, show


@click.command(
    "store",
    epilog=examples(
        'mnemos store "Deploys need the VPN." --tag deploy --tag network',
        "mnemos store - --pinned < rules.md",
        'mnemos store "Ann works at Borealis." --subject ann/employer',
    ),
)
@click.argument("text")
@tag_option
@click.option("--pinned", is_flag=True, help="Protect the memory from automatic changes.")
@source_option
@click.option("--project", metavar="NAME", help="Project it belongs to; without: applies everywhere.")
@click.option(
    "--subject", metavar="NAME", help="Key of a fact with one current value; supersedes the old memory."
)
@click.option("--replaces", metavar="ID", help="Memory that the new one supersedes.")
@metadata_option
@suggest_option
@json_option
@pass_settings
def store_memory(settings: Settings, /, text: str, *, pinned: bool, as_json: bool, **options: Any) -> None:
    """Store TEXT, or the text on stdin if TEXT is -. It is durable when the command returns."""
    fields = given({**options, "memory_type": "pinned" if pinned else None})
    with settings.open_client() as client:
        stored = client.store_memory(content=read_text(text), **fields)
    show(stored, as_json=as_json, render=_show_stored)


@click.command(
    "update",
    epilog=examples(
        'mnemos update 06f3k… --content "Deploys no longer need the VPN."',
        "mnemos update 06f3k… --no-tags --expected-version 3",
    ),
)
@click.argument("memory_id", metavar="ID")
@click.option("--content", metavar="TEXT", help="New text; - reads it from stdin.")
@tag_option
@click.option("--no-tags", is_flag=True, help="Remove all tags.")
@source_option
@metadata_option
@suggest_option
@click.option(
    "--expected-version",
    type=click.IntRange(1),
    metavar="N",
    help="Update only if N is the current version.",
)
@json_option
@pass_settings
def update_memory(
    settings: Settings,
    /,
    memory_id: str,
    *,
    content: str | None,
    tags: tuple[str, ...],
    no_tags: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Change a memory; what you don't set stays unchanged. --tag replaces all tags."""
    if tags and no_tags:
        raise click.UsageError("--tag and --no-tags can't be combined")
    fields = given({**options, "content": None if content is None else read_text(content), "tags": tags})
    # An explicit `null` clears the metadata; absent keeps it.
    if _was_given("metadata"):
        fields["metadata"] = options["metadata"]
    if no_tags:
        fields["tags"] = []
    if not fields.keys() - {"expected_version", "suggest_tags"}:
        raise click.UsageError("nothing to change: set --content, --tag, --no-tags, --source or --metadata")
    with settings.open_client() as client:
        memory = client.update_memory(memory_id, **fields)
    show(memory, as_json=as_json, render=show_memory)


@click.command("delete")
@click.argument("memory_ids", metavar="ID...", nargs=-1, required=True)
@json_option
@pass_settings
def delete_memories(settings: Settings, /, memory_ids: tuple[str, ...], *, as_json: bool) -> None:
    """Delete memories; `mnemos restore` restores them."""
    with settings.open_client() as client:
        response = _delete(client, memory_ids)
    show(response, as_json=as_json, render=lambda deleted: _show_deleted(deleted, len(set(memory_ids))))


@click.command(
    "restore",
    epilog=examples("mnemos restore 06f3k…", "mnemos restore 06f3k… --version 2"),
)
@click.argument("memory_id", metavar="ID")
@click.option("--version", type=click.IntRange(1), metavar="N", help="Restore this version.")
@json_option
@pass_settings
def restore_memory(settings: Settings, /, memory_id: str, *, as_json: bool, **options: Any) -> None:
    """Restore a deleted, superseded or changed memory."""
    with settings.open_client() as client:
        memory = client.restore_memory(memory_id, **given(options))
    show(memory, as_json=as_json, render=show_memory)


def _delete(client: mnemos.Client, memory_ids: tuple[str, ...]) -> mnemos.BatchDeleteResponse:
    """Delete memories; a single unknown id is an error, while a batch ignores unknown ids."""
    if len(memory_ids) > 1:
        return client.delete_memories(ids=memory_ids)
    client.delete_memory(memory_ids[0])
    return mnemos.BatchDeleteResponse(deleted=1)


def _was_given(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.COMMANDLINE


def _show_stored(stored: mnemos.StoreResponse) -> None:
    known = stored.outcome == "duplicate"
    click.echo(f"{stored.id}  {'already stored' if known else 'stored'}")
    if stored.superseded:
        click.echo(f"supersedes {', '.join(stored.superseded)}", err=True)
    if stored.suggested_tags:
        from mnemos.cli.render_plain import printable  # noqa: PLC0415

        click.echo(f"suggested tags: {', '.join(map(printable, stored.suggested_tags))}", err=True)


def _show_deleted(response: mnemos.BatchDeleteResponse, asked: int) -> None:
    click.echo(f"{response.deleted} deleted")
    if response.deleted < asked:
        click.echo(f"{asked - response.deleted} of {asked} ids don't belong to an active memory", err=True)
