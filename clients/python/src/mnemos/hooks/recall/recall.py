"""The request of a recall: what the server needs to know to decide what the model is shown.

The server chooses and writes the lines. The same responses of the server produce the same bytes, so that the
host's prompt cache stays warm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnemos._generated.recalled import strip_recalled
from mnemos.hooks.recall.blocks import make_key, write_block
from mnemos.hooks.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mnemos.hooks.http.client import HookClient
    from mnemos.hooks.settings import HookSettings

#: Characters of a prompt that are sent: of a longer one the beginning and the end.
SENT_CHARACTERS = 4_000
_END_CHARACTERS = 1_000
#: Of an even longer prompt only this much is read: its end could begin with half a secret.
_READ_CHARACTERS = 32_000
_MIN_WORD_CHARACTERS = 3
_KEY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_.:~-"


def make_prompt(prompt: str, clean: Callable[[str], str]) -> str | None:
    """Return the text to send for a prompt; None if it isn't worth a request.

    `clean` removes secrets before the last cut: no rule recognises half a secret.
    """
    if len(prompt) > _READ_CHARACTERS:
        prompt = _cut(prompt[:_READ_CHARACTERS])
    text = strip_recalled(clean(prompt)).strip()
    if len(text) > SENT_CHARACTERS:
        begin = _cut(text[: SENT_CHARACTERS - _END_CHARACTERS - 1])
        text = f"{begin}\n{_cut_begin(text[-_END_CHARACTERS:])}"
    word_characters = sum(character.isalnum() for character in text)
    return text if word_characters >= _MIN_WORD_CHARACTERS else None


def _cut(text: str) -> str:
    """Return the beginning of a text without the key or word that was cut in two."""
    return text.rstrip(_KEY_CHARACTERS)


def _cut_begin(text: str) -> str:
    """Return the end of a text without the key or word that was cut in two."""
    return text.lstrip(_KEY_CHARACTERS)


def request_recall(
    client: HookClient,
    settings: HookSettings,
    *,
    prompt: str | None,
    begins: bool,
    session_id: str = "",
    project: str | None = None,
    shown: Iterable[str] = (),
) -> tuple[str, str]:
    """Return the blocks for the session and for the prompt, each empty if there is nothing to show.

    `shown` are lines that the conversation contains already. Raises ConnectionFailed.
    """
    clean = Redactor(settings).clean
    text = None if prompt is None else make_prompt(prompt, clean)
    if text is None and not begins:
        return "", ""
    wanted: dict[str, object] = {"begins": begins, "max_tokens": settings.recall_tokens}
    if text is not None:
        wanted |= {"prompt": text, "min_confidence": settings.min_confidence}
    if session_id:
        wanted["session_id"] = clean(session_id)
    if project:
        wanted["project"] = clean(project)
    if settings.stays_in_project:
        wanted["only_project"] = True
    known = set(shown)
    wanted["shown"] = sorted(map(make_key, known))
    session, lines = client.recall(wanted)
    return write_block(session), write_block(line for line in lines if line not in known)
