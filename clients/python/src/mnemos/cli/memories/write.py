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
@click.option("--pinned", is_flag=True, help="Keep it exactly as it is; nothing automatic changes it.")
@source_option
@click.option("--project", metavar="NAME", help="The project it belongs to; without: known everywhere.")
@click.option(
    "--subject", metavar="NAME", help="What it is about: it takes the place of what was said before."
)
@click.option("--replaces", metavar="ID", help="The memory whose place it takes.")
@metadata_option
@suggest_option
@json_option
@pass_settings
def store_memory(settings: Settings, /, text: str, *, pinned: bool, as_json: bool, **options: Any) -> None:
    """Store TEXT, or what stands on stdin for -. It is durable when this returns."""
    fields = given({**options, "memory_type": "pinned" if pinned else None})
    with settings.open_client() as client:
        stored = client.store_memory(content=read_text(text), **fields)
    show(stored, as_json=as_json, render=_show_stored)


@click.command(
    "update",
    epilog=examples(
        'mnemos update 06f3k… --content "Deploys need no VPN any more."',
        "mnemos update 06f3k… --no-tags --expected-version 3",
    ),
)
@click.argument("memory_id", metavar="ID")
@click.option("--content", metavar="TEXT", help="The new text; - reads it from stdin.")
@tag_option
@click.option("--no-tags", is_flag=True, help="Take all tags away.")
@source_option
@metadata_option
@suggest_option
@click.option(
    "--expected-version",
    type=click.IntRange(1),
    metavar="N",
    help="Change nothing when the memory has another version by now.",
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
    """Change what is given, keep the rest. The tags given replace all tags."""
    if tags and no_tags:
        raise click.UsageError("--tag and --no-tags exclude each other")
    fields = given({**options, "content": None if content is None else read_text(content), "tags": tags})
    # An explicit `null` clears the metadata; absent keeps it.
    if _was_given("metadata"):
        fields["metadata"] = options["metadata"]
    if no_tags:
        fields["tags"] = []
    if not fields.keys() - {"expected_version", "suggest_tags"}:
        raise click.UsageError("nothing to change: give --content, --tag, --no-tags, --source or --metadata")
    with settings.open_client() as client:
        memory = client.update_memory(memory_id, **fields)
    show(memory, as_json=as_json, render=show_memory)


@click.command("delete")
@click.argument("memory_ids", metavar="ID...", nargs=-1, required=True)
@json_option
@pass_settings
def delete_memories(settings: Settings, /, memory_ids: tuple[str, ...], *, as_json: bool) -> None:
    """Delete memories; `mnemos restore` brings them back."""
    with settings.open_client() as client:
        answer = _delete(client, memory_ids)
    show(answer, as_json=as_json, render=lambda deleted: _show_deleted(deleted, len(set(memory_ids))))


@click.command(
    "restore",
    epilog=examples("mnemos restore 06f3k…", "mnemos restore 06f3k… --version 2"),
)
@click.argument("memory_id", metavar="ID")
@click.option("--version", type=click.IntRange(1), metavar="N", help="What it said in this version.")
@json_option
@pass_settings
def restore_memory(settings: Settings, /, memory_id: str, *, as_json: bool, **options: Any) -> None:
    """Let a memory hold again that was deleted, superseded or changed."""
    with settings.open_client() as client:
        memory = client.restore_memory(memory_id, **given(options))
    show(memory, as_json=as_json, render=show_memory)


def _delete(client: mnemos.Client, memory_ids: tuple[str, ...]) -> mnemos.BatchDeleteResponse:
    """Delete them; a single unknown id is an error, which a batch can't tell from a deleted one."""
    if len(memory_ids) > 1:
        return client.delete_memories(ids=memory_ids)
    client.delete_memory(memory_ids[0])
    return mnemos.BatchDeleteResponse(deleted=1)


def _was_given(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.COMMANDLINE


def _show_stored(stored: mnemos.StoreResponse) -> None:
    known = stored.outcome == "duplicate"
    click.echo(f"{stored.id}  {'was stored already' if known else 'stored'}")
    if stored.superseded:
        click.echo(f"took the place of {', '.join(stored.superseded)}", err=True)
    if stored.suggested_tags:
        from mnemos.cli.render_plain import printable  # noqa: PLC0415

        click.echo(f"tags that may fit: {', '.join(map(printable, stored.suggested_tags))}", err=True)


def _show_deleted(answer: mnemos.BatchDeleteResponse, asked: int) -> None:
    click.echo(f"{answer.deleted} deleted")
    if answer.deleted < asked:
        click.echo(f"{asked - answer.deleted} of {asked} ids name no active memory", err=True)
