"""Recall within a session: returns the same blocks again, and no line twice.

The block of a session is fixed when it begins: all its requests begin with the same bytes. A prompt that is
sent again gets the same bytes again. A line that is in the conversation already isn't repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnemos.hooks.events import HookEvent, Recalled
from mnemos.hooks.http.client import HookClient
from mnemos.hooks.http.connection import ConnectionFailed, Deadline
from mnemos.hooks.project.find import find_project
from mnemos.hooks.recall.blocks import list_lines
from mnemos.hooks.recall.recall import recall_for_prompt, recall_for_session
from mnemos.hooks.recall.shown import Shown
from mnemos.hooks.settings import log_unknown_variables

if TYPE_CHECKING:
    from mnemos.hooks.settings import HookSettings
    from mnemos.hooks.state import State


def recall(
    event: HookEvent,
    settings: HookSettings,
    state: State,
    *,
    deadline: Deadline | None = None,
    drops_blocks: bool = False,
) -> Recalled:
    """Return the text for the model at an event; less or none of it if the server has problems.

    `deadline` records why; without one, the limit of the settings begins now. `drops_blocks` means that the
    host shows a prompt's block only once: later prompts may repeat its lines.
    """
    project, shown = find_project(event.cwd), Shown(event.session_id, state)
    if event.is_compacted:
        shown.forget_prompts()
    if settings.unknown_variables and event.kind == "turn" and shown.read_session_block() is None:
        log_unknown_variables(settings, state)  # where no event reports that a session begins
    deadline = deadline or Deadline(settings.recall_timeout_ms / 1000)
    client = HookClient(settings, deadline)
    session = ""
    try:
        if event.kind != "prompt":
            session = _recall_session(event, client, settings, shown, project)
        if event.kind == "session_start":
            return Recalled(session=session)
        return Recalled(
            session, _recall_prompt(event, client, settings, shown, project, drops_blocks=drops_blocks)
        )
    except ConnectionFailed as error:
        deadline.note_miss(str(error))
        return Recalled(session=session)
    finally:
        client.close()


def _recall_session(
    event: HookEvent, client: HookClient, settings: HookSettings, shown: Shown, project: str | None
) -> str:
    """Return the block of a session; a session that continues gets the same bytes as before.

    In a host that asks at each turn, a session that began without a block stays without one.
    """
    if event.is_resumed or event.kind == "turn":
        block = shown.read_session_block()
        if block is not None:
            return block
    try:
        block = recall_for_session(client, settings, project)
    except ConnectionFailed:
        if event.kind == "turn":
            shown.write_session_block("")
        raise
    shown.write_session_block(block)
    return block


def _recall_prompt(
    event: HookEvent,
    client: HookClient,
    settings: HookSettings,
    shown: Shown,
    project: str | None,
    *,
    drops_blocks: bool,
) -> str:
    if not event.session_id:
        return recall_for_prompt(client, event.prompt, settings, project=project)
    before = shown.read_prompts()
    if event.prompt_id and event.prompt_id == before.prompt_id:
        return before.block
    kept = () if drops_blocks else before.lines
    lines = {*kept, *list_lines(shown.read_session_block() or "")}
    block = recall_for_prompt(
        client, event.prompt, settings, session_id=event.session_id, project=project, shown=lines
    )
    if block or event.prompt_id:
        shown.write_prompts(before.add(event.prompt_id, block))
    return block
