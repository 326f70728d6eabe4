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
from mnemos.hooks.recall.recall import request_recall
from mnemos.hooks.recall.shown import Shown, ShownToPrompts
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
    try:
        return _recall(event, client, settings, shown, project, drops_blocks=drops_blocks)
    except ConnectionFailed as error:
        deadline.note_miss(str(error))
        return Recalled(session=_find_session_block(event, shown) or "")
    finally:
        client.close()


def _recall(
    event: HookEvent,
    client: HookClient,
    settings: HookSettings,
    shown: Shown,
    project: str | None,
    *,
    drops_blocks: bool,
) -> Recalled:
    """Return the blocks of an event, with at most one request.

    A session that continues gets the same block as before, and a prompt that is sent again the same one. In a
    host that reports each turn, a session that began without a block stays without one.
    """
    block = "" if event.kind == "prompt" else _find_session_block(event, shown)
    before = shown.read_prompts() if event.session_id else ShownToPrompts()
    is_repeated = bool(event.prompt_id) and event.prompt_id == before.prompt_id
    prompt = None if event.kind == "session_start" or is_repeated else event.prompt
    if block is not None and prompt is None:
        return Recalled(block, before.block if is_repeated else "")
    kept = () if drops_blocks else before.lines
    try:
        session, for_prompt = request_recall(
            client,
            settings,
            prompt=prompt,
            begins=block is None,
            session_id=event.session_id,
            project=project,
            shown=dict.fromkeys([*kept, *list_lines(shown.read_session_block() or "")])
            if block is not None
            else (),
        )
    except ConnectionFailed:
        if block is None and event.kind == "turn":
            shown.write_session_block("")
        raise
    if block is None:
        block = session
        shown.write_session_block(block)
    if event.session_id and prompt is not None and (for_prompt or event.prompt_id):
        shown.write_prompts(before.add(event.prompt_id, for_prompt))
    return Recalled(block, before.block if is_repeated else for_prompt)


def _find_session_block(event: HookEvent, shown: Shown) -> str | None:
    """Return the block that the session began with, if it continues; None if a new one is wanted."""
    if event.kind == "turn" or event.is_resumed:
        return shown.read_session_block()
    return None
