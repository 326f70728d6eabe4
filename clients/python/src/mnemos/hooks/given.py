"""What a session has been given so far, so that it is given the same again, and nothing twice.

The block of a session is frozen when it begins: all its requests begin with the same bytes. A prompt that is
sent again gets the bytes it had. A line that stands in the conversation already isn't repeated.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mnemos.hooks.blocks import list_lines
from mnemos.hooks.connection import ConnectionFailed, Deadline
from mnemos.hooks.events import HookEvent, Recalled
from mnemos.hooks.naming import name_session
from mnemos.hooks.project import find_project
from mnemos.hooks.recall import recall_for_prompt, recall_for_session
from mnemos.hooks.server import HookServer

if TYPE_CHECKING:
    from mnemos.hooks.settings import HookSettings
    from mnemos.hooks.state import State

#: Lines that were shown with prompts, the last ones; older ones may come again.
_MAX_SHOWN = 200


class _Given(NamedTuple):
    """What prompts of a session were given."""

    prompt_id: str = ""
    block: str = ""
    shown: tuple[str, ...] = ()


def recall(event: HookEvent, settings: HookSettings, state: State) -> Recalled:
    """Give an event what the model is to read. A server in trouble means less of it, or nothing."""
    if event.is_compacted:
        forget_prompts(event, state)
    project = find_project(event.cwd)
    server = HookServer(settings, Deadline(settings.recall_timeout_ms / 1000))
    session = ""
    try:
        if event.kind != "prompt":
            session = _recall_session(event, server, settings, state, project)
        if event.kind == "session_start":
            return Recalled(session=session)
        return Recalled(session, _recall_prompt(event, server, settings, state, project))
    except ConnectionFailed as error:
        state.log(f"{event.name}: nothing recalled: {error}")
        return Recalled(session=session)
    finally:
        server.close()


def forget_prompts(event: HookEvent, state: State) -> None:
    """Forget what prompts were given: a compaction took it out of the conversation."""
    with suppress(FileNotFoundError):
        os.unlink(_given_path(event, state))


def _recall_session(
    event: HookEvent, server: HookServer, settings: HookSettings, state: State, project: str | None
) -> str:
    """Give a session its block; one that goes on gets the bytes it had before.

    In a host that asks with each turn, a session that began without a block stays without one.
    """
    path = _block_path(event, state)
    if event.is_resumed or event.kind == "turn":
        with suppress(FileNotFoundError):
            return _read(path).decode()
    try:
        block = recall_for_session(server, settings, project)
    except ConnectionFailed:
        if event.kind == "turn":
            state.write(path, b"")
        raise
    state.write(path, block.encode())
    return block


def _recall_prompt(
    event: HookEvent, server: HookServer, settings: HookSettings, state: State, project: str | None
) -> str:
    if not event.session_id:
        return recall_for_prompt(server, event.prompt, settings, project=project)
    given = _read_given(_given_path(event, state))
    if event.prompt_id and event.prompt_id == given.prompt_id:
        return given.block
    kept = () if event.drops_blocks else given.shown
    shown = {*kept, *list_lines(_read_text(_block_path(event, state)))}
    block = recall_for_prompt(
        server, event.prompt, settings, session_id=event.session_id, project=project, shown=shown
    )
    if block or event.prompt_id:
        now = _Given(event.prompt_id, block, (*given.shown, *list_lines(block))[-_MAX_SHOWN:])
        state.write(_given_path(event, state), json.dumps(now._asdict()).encode())
    return block


def _block_path(event: HookEvent, state: State) -> str:
    return state.find_path("blocks", f"{name_session(event.session_id)}.txt")


def _given_path(event: HookEvent, state: State) -> str:
    return state.find_path("prompts", f"{name_session(event.session_id)}.json")


def _read_given(path: str) -> _Given:
    """Read what was given; a file that is missing or damaged is as good as none."""
    try:
        data = json.loads(_read(path))
        return _Given(str(data["prompt_id"]), str(data["block"]), tuple(map(str, data["shown"])))
    except (OSError, ValueError, KeyError, TypeError):
        return _Given()


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _read_text(path: str) -> str:
    try:
        return _read(path).decode()
    except (OSError, ValueError):
        return ""
