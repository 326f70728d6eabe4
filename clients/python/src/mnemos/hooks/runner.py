"""`mnemos hook EVENT --harness HOST`: the host's JSON in, the host's JSON out, exit code 0 whatever happens.

Standard library only, and as little of it as possible: a host waits for its hooks at every prompt, so the
modules that an event doesn't need aren't imported.
"""

from __future__ import annotations

import _thread  # `threading` would take longer to load than the rest of the module
import json
import os
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from mnemos.hooks.clock import measure_life

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mnemos.hooks.adapter import Adapter
    from mnemos.hooks.events import HookEvent, Recalled
    from mnemos.hooks.settings import HookSettings
    from mnemos.hooks.state import State

    #: Ends the process after that many seconds, unless the second function forbids it then.
    LimitLife = Callable[[float, Callable[[], bool]], None]

#: This long after the deadline of a recall the process ends, even if it is in a call that no deadline
#: interrupts, such as a name look-up that hangs. On a busy machine, a recall needs it to end by itself.
_RECALL_GRACE_SECONDS = 0.05
#: Maximum lifetime of any hook; capture works on local files and takes milliseconds.
_HOOK_SECONDS = 10.0


def main(argv: Sequence[str]) -> NoReturn:
    """Run one hook and end the process with 0; `argv` is what follows `hook` on the command line."""
    try:
        output = run(argv, os.environ, read_input=_read_standard_input, limit_life=_limit_life)
        if output:
            sys.stdout.buffer.write(output)
            sys.stdout.buffer.flush()
    finally:
        os._exit(0)  # whatever happened; a normal exit of the interpreter would take milliseconds


def run(
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    read_input: Callable[[], bytes],
    limit_life: LimitLife,
) -> bytes:
    """Run one hook and return its standard output. Never raises an Exception.

    `limit_life` ends the process after that many seconds, with code 0 and without output. Right before that
    it calls a function, which logs the reason and returns False if the process may live on.
    """
    from mnemos.hooks.state import State, find_state_path  # noqa: PLC0415 - what fails here must fail inside

    state = State(find_state_path(environment))
    try:
        response = _respond(argv, environment, state, read_input, limit_life)
        return json.dumps(response).encode() if response else b""
    except Exception as error:  # noqa: BLE001 - the border: a hook never breaks its host
        state.log(f"{' '.join(argv)[:100]}: {type(error).__name__}: {error}")
        return b""


def _respond(
    argv: Sequence[str],
    environment: Mapping[str, str],
    state: State,
    read_input: Callable[[], bytes],
    limit_life: LimitLife,
) -> dict[str, object] | None:
    from mnemos.hooks.settings import read_settings  # noqa: PLC0415
    from mnemos.hosts.registry import find_adapter  # noqa: PLC0415

    name, harness = _read_arguments(argv)
    adapter = find_adapter(harness)
    if adapter is None:
        state.log(f"unknown harness {harness!r}")
        return None
    settings = read_settings(environment, adapter.AGENT_ID)
    if name == "upload":
        _upload(argv, settings, state, limit_life)
        return None
    limit_life(_HOOK_SECONDS, lambda: _note_end(state, name, _HOOK_SECONDS))
    data = json.loads(read_input())
    event = adapter.read_event(name, data) if isinstance(data, dict) else None
    return _handle(event, adapter, settings, state, limit_life) if event else None


def _read_arguments(argv: Sequence[str]) -> tuple[str, str]:
    """Read `EVENT --harness HOST` (or `--harness=HOST`, in any order)."""
    name, harness = "", ""
    arguments = iter(argv)
    for argument in arguments:
        if argument == "--harness":
            harness = next(arguments, "")
        elif argument.startswith("--harness="):
            harness = argument.partition("=")[2]
        elif not argument.startswith("-"):
            name = name or argument
    return name, harness


def _handle(
    event: HookEvent,
    adapter: Adapter,
    settings: HookSettings,
    state: State,
    limit_life: LimitLife,
) -> dict[str, object] | None:
    if event.kind == "tool_permission":
        return adapter.format_permission(event)
    if event.kind == "session_start":
        from mnemos.hooks.settings import log_unknown_variables  # noqa: PLC0415

        log_unknown_variables(settings, state)
    if not settings.api_key:
        return None
    session_id = event.session_id
    if adapter.REUSES_IDS:
        from mnemos.hooks.conversations import name_conversation  # noqa: PLC0415

        event = event._replace(session_id=name_conversation(session_id, state))
    if event.kind == "compacted":
        from mnemos.hooks.recall.shown import Shown  # noqa: PLC0415

        Shown(event.session_id, state).forget_prompts()
        return None
    if event.kind == "capture":
        _capture(event, adapter, settings, state)
        if event.ends_conversation:
            from mnemos.hooks.conversations import begin_again  # noqa: PLC0415

            begin_again(session_id, state)
        return None
    recalled = _recall(event, adapter, settings, state, limit_life)
    return adapter.format_context(event, recalled) if any(recalled) else None


def _recall(
    event: HookEvent,
    adapter: Adapter,
    settings: HookSettings,
    state: State,
    limit_life: LimitLife,
) -> Recalled:
    # Before the clock is read: on a busy machine, imports would take up the time that is left for the server.
    from mnemos.hooks.attempt import Attempt  # noqa: PLC0415
    from mnemos.hooks.recall.session import recall  # noqa: PLC0415

    attempt = Attempt(event.name, settings, state, lived_seconds=measure_life())
    limit_life(attempt.seconds + _RECALL_GRACE_SECONDS, attempt.expire)
    try:
        return recall(event, settings, state, deadline=attempt, drops_blocks=adapter.DROPS_BLOCKS)
    except Exception as error:
        attempt.note_miss(f"{type(error).__name__}: {error}")
        raise
    finally:
        attempt.settle()


def _capture(event: HookEvent, adapter: Adapter, settings: HookSettings, state: State) -> None:
    from mnemos.hooks.capture.capture import capture  # noqa: PLC0415
    from mnemos.hooks.upload.lifetime import start_uploader  # noqa: PLC0415
    from mnemos.hooks.upload.spool import Spool  # noqa: PLC0415

    try:
        count = capture(event, adapter, settings, state)
        if count:
            state.log(f"{event.name}: {count} messages of session {event.session_id} captured")
    finally:
        if Spool(state, settings).list_waiting():
            start_uploader(state, adapter.NAME)


def _upload(argv: Sequence[str], settings: HookSettings, state: State, limit_life: LimitLife) -> None:
    from mnemos.hooks.upload.lifetime import Lifetime, read_host_pid  # noqa: PLC0415
    from mnemos.hooks.upload.uploader import UPLOAD_SECONDS, upload  # noqa: PLC0415

    def end() -> None:
        state.log(
            "the host has ended and the server doesn't respond; the next hook sends what is in the spool"
        )
        os._exit(0)

    limit_life(UPLOAD_SECONDS, lambda: _note_end(state, "upload", UPLOAD_SECONDS))
    if settings.api_key:
        lifetime = Lifetime(read_host_pid(argv), end)
        lifetime.start()
        os.chdir(state.folder)  # the folder that the user works in may be removed or unmounted
        upload(settings, state, lifetime.note_progress)


def _read_standard_input() -> bytes:
    return b"" if sys.stdin.isatty() else sys.stdin.buffer.read()


def _note_end(state: State, name: str, seconds: float) -> bool:
    state.log(f"{name}: not sent or recalled: the process had no end after {seconds:.0f} s")
    return True


def _limit_life(seconds: float, may_end: Callable[[], bool]) -> None:
    def end() -> None:
        time.sleep(seconds)
        is_ending = True
        try:
            is_ending = may_end()
        finally:
            if is_ending:
                os._exit(0)

    _thread.start_new_thread(end, ())
