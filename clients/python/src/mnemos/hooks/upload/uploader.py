"""The uploader: a detached process that sends what is in the spool, and then ends.

It outlives the host, which may kill its hooks, but only while it makes progress (`lifetime.py`), and it never
outlives its own deadline. What can't be sent now is left to the uploader of the next hook.
"""

from __future__ import annotations

import json
import os
import time
from enum import Enum
from typing import TYPE_CHECKING

from mnemos.hooks.http.client import HookClient
from mnemos.hooks.http.connection import ConnectionFailed, Deadline, Response
from mnemos.hooks.upload.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mnemos.hooks.settings import HookSettings
    from mnemos.hooks.state import State

#: Maximum lifetime of an uploader.
UPLOAD_SECONDS = 60.0
#: Name of the lock that the one running uploader holds; no session's lock can have this name.
UPLOAD_LOCK = "+upload.lock"
#: For one request, including the connection.
_REQUEST_SECONDS = 10.0
#: Waits between the attempts for one file; after the last attempt the file waits for the next hook.
_BACK_OFF_SECONDS = (0.2, 0.8)
#: Cursors, session blocks and similar files that are unchanged for this time are deleted.
_KEEP_STATE_SECONDS = 60 * 86_400
#: Statuses with which a server refuses a body permanently.
_REFUSALS = (400, 413, 422)
#: Errors of a 400 about the key (of mnemos and of mem9): nothing is wrong with the body.
_KEY_ERRORS = ("missing API key", "invalid API key")


class Verdict(Enum):
    """What a response means for the file that was sent."""

    SENT = "sent"
    #: The server will never accept it.
    REFUSED = "refused"
    #: The server may accept it later.
    LATER = "later"


def upload(settings: HookSettings, state: State, note_progress: Callable[[], None] = lambda: None) -> None:
    """Send everything that waits, oldest first. Only one uploader runs at a time.

    `note_progress` is called after each connection, sent part and response.
    """
    spool = Spool(state, settings)
    while spool.list_waiting():
        with state.lock(UPLOAD_LOCK, 0.0) as mine:
            if not mine or not _send_all(spool, settings, state, note_progress):
                return
        # a hook may have added a file after the last check and left it to this process
    _forget_old_state(state)


def _send_all(spool: Spool, settings: HookSettings, state: State, note_progress: Callable[[], None]) -> bool:
    """Send until nothing waits; return False if the server doesn't accept more now."""
    while waiting := spool.list_waiting():
        for path in waiting:
            response = _send_with_retries(path, settings, state, note_progress)
            if response is None:
                return False
            if judge(response) is Verdict.REFUSED:
                reason = f"status {response.status}: {response.body[:300].decode('utf-8', 'replace')}"
                spool.reject(path, reason)
                state.log(f"rejected {path.name}: {reason}")
            else:
                path.unlink(missing_ok=True)
                state.log(f"uploaded {path.name}")
    return True


def _send_with_retries(
    path: Path, settings: HookSettings, state: State, note_progress: Callable[[], None]
) -> Response | None:
    """Send one file; return the final response, or None if the file must wait."""
    body = path.read_bytes()
    for pause in (*_BACK_OFF_SECONDS, None):
        client = HookClient(settings, Deadline(_REQUEST_SECONDS, note_progress))
        try:
            response = client.store_messages(body, path.name.removesuffix(".json"))
            if judge(response) is not Verdict.LATER:
                return response
            problem = f"status {response.status}"
        except ConnectionFailed as error:
            problem = str(error)
        finally:
            client.close()
        state.log(f"{path.name} not sent: {problem}")
        if pause is not None:
            time.sleep(pause)
    return None


def judge(response: Response) -> Verdict:
    """Return what a response means; without the server's JSON it comes from a proxy or the like.

    A wrong key or address may be corrected later: only a body that the server itself refuses is given up.
    """
    if 200 <= response.status < 300:  # noqa: PLR2004 - success
        return Verdict.SENT if _is_acknowledgement(response.body) else Verdict.LATER
    error = _read_object(response.body).get("error")
    is_about_body = response.status in _REFUSALS and error is not None and error not in _KEY_ERRORS
    return Verdict.REFUSED if is_about_body else Verdict.LATER


def _is_acknowledgement(body: bytes) -> bool:
    return _read_object(body).get("status") in ("accepted", "ok")


def _read_object(body: bytes) -> dict[str, object]:
    """Return a JSON object; an empty object for anything else."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _forget_old_state(state: State) -> None:
    oldest = time.time() - _KEEP_STATE_SECONDS
    for name in ("cursors", "blocks", "prompts", "contexts", "locks"):
        with os.scandir(state.get_subfolder(name)) as entries:
            old = [entry.path for entry in entries if entry.stat().st_mtime < oldest]
        for path in old:
            os.unlink(path)
