"""Commands that read: `search`, `list`, `get`, `history`."""

from __future__ import annotations

from typing import Any

import click

import mnemos
from mnemos.cli.options import examples, filter_options, given
from mnemos.cli.settings import Settings, json_option, pass_settings, show


@click.command(
    "search",
    epilog=examples(
        "mnemos search staging database",
        "mnemos search ERR_4711 --tag deploy --limit 3",
        "mnemos search where does Ann work --as-of 2026-05-01",
    ),
)
@click.argument("query", nargs=-1, required=True)
@filter_options
@json_option
@pass_settings
def search_memories(settings: Settings, /, query: tuple[str, ...], *, as_json: bool, **filters: Any) -> None:
    """Search memories, best match first. Plain words, identifiers and error codes all work."""
    with settings.open_client() as client:
        # 0: whoever searches by hand sees every match, with its confidence.
        page = client.list_memories(q=" ".join(query), min_confidence=0, **given(filters))
    show(page, as_json=as_json, render=_show_page)


@click.command(
    "list",
    epilog=examples(
        "mnemos list --type pinned",
        "mnemos list --tag deploy --limit 50 --offset 50",
    ),
)
@filter_options
@click.option(
    "--state",
    type=click.Choice(["active", "paused", "archived", "deleted", "all"]),
    metavar="STATE",
    help="Only active (the default), paused, archived or deleted; or all.",
)
@json_option
@pass_settings
def list_memories(settings: Settings, /, *, as_json: bool, **filters: Any) -> None:
    """List memories, newest change first."""
    with settings.open_client() as client:
        page = client.list_memories(**given(filters))
    show(page, as_json=as_json, render=_show_page)


@click.command("get")
@click.argument("memory_id", metavar="ID")
@json_option
@pass_settings
def get_memory(settings: Settings, /, memory_id: str, *, as_json: bool) -> None:
    """Show one memory in full."""
    with settings.open_client() as client:
        memory = client.get_memory(memory_id)
    show(memory, as_json=as_json, render=show_memory)


@click.command("history")
@click.argument("memory_id", metavar="ID")
@json_option
@pass_settings
def show_history(settings: Settings, /, memory_id: str, *, as_json: bool) -> None:
    """Show all changes of a memory, even a deleted one, latest first."""
    with settings.open_client() as client:
        history = client.get_history(memory_id)
    show(history, as_json=as_json, render=_show_history)


def _show_history(history: mnemos.History) -> None:
    from mnemos.cli.memories.render import print_history  # noqa: PLC0415  (rich is only for people)

    print_history(history)


def _show_page(page: mnemos.MemoryPage) -> None:
    from mnemos.cli.memories.render import print_page  # noqa: PLC0415  (rich is only for people)

    print_page(page)


def show_memory(memory: mnemos.Memory) -> None:
    """Print a memory for people."""
    from mnemos.cli.memories.render import print_memory  # noqa: PLC0415  (rich is only for people)

    print_memory(memory)
