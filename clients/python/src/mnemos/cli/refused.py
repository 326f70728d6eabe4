"""`mnemos refused`: messages that capture left out on this machine, and why."""

from __future__ import annotations

import json
import os
from collections import deque
from typing import TYPE_CHECKING

import click

from mnemos.cli.options import examples
from mnemos.hooks.capture.guard import REASONS

if TYPE_CHECKING:
    from mnemos.hooks.capture.refused import RefusedMessage


@click.command(
    "refused",
    epilog=examples(
        "mnemos refused", "mnemos refused --reason dump --limit 5", "mnemos refused --json | jq .text"
    ),
)
@click.option("--session", "session_id", metavar="ID", help="Only messages of this session.")
@click.option("--reason", "code", type=click.Choice(sorted(REASONS)), help="Only messages with this reason.")
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="Show only the N most recent."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_refused(*, session_id: str | None, code: str | None, limit: int, as_json: bool) -> None:
    """Show messages that capture on this machine refused to send, oldest first.

    The list is in the state folder and limited in size. It contains the beginning of each message, without
    secrets. MNEMOS_CAPTURE=all captures every message.
    """
    from mnemos.hooks.capture.refused import read_refused  # noqa: PLC0415  (no other command needs it)
    from mnemos.hooks.state import State, find_state_folder  # noqa: PLC0415

    entries = deque(
        (
            entry
            for entry in read_refused(State(find_state_folder(os.environ)))
            if session_id in (None, entry.session_id) and code in (None, entry.code)
        ),
        maxlen=limit,
    )
    for entry in entries:
        click.echo(json.dumps(entry._asdict(), ensure_ascii=False) if as_json else _describe(entry))
    if not entries and not as_json:
        click.echo("no messages were refused", err=True)


def _describe(entry: RefusedMessage) -> str:
    """Return an entry as one line without control characters, which could change the terminal."""
    text = "".join(character for character in " ".join(entry.text.split()) if character.isprintable())
    return f"{entry.time}  {entry.session_id[:8]}  {entry.code:<6}  {entry.role:<9}  {text[:100]}"
