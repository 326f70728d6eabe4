"""The guard of capture: decides which messages are worth keeping, and why the others aren't.

It refuses echoes of recall, texts of the host, words without content, and output of programs without a
comment on it. docs/capture.md explains it to users. In doubt a message is kept.

Orders to a memory or an agent ("ignore previous instructions") are kept: they are part of what happened,
texts about such orders look the same, and every recalled block states that it isn't an instruction.
"""

from __future__ import annotations

from typing import NamedTuple

from mnemos.hooks.capture.guard.dumps import is_dump
from mnemos.hooks.capture.guard.echoes import is_echo, is_recalled_block
from mnemos.hooks.capture.guard.fillers import Filler, asks, judge_words
from mnemos.hooks.capture.guard.host_texts import is_host_text

__all__ = ["REASONS", "Context", "Refusal", "asks", "judge"]

#: The sentence for each code.
REASONS = {
    "echo": "repeats what recall had put into the conversation",
    "host": "was written by the host, not by the user or the model",
    "filler": "acknowledges or greets without saying anything",
    "empty": "holds neither a letter nor a digit",
    "dump": "is output of a program or encoded data, with no word about it",
}


class Context(NamedTuple):
    """What the guard must know about the conversation before a message."""

    #: The texts of the memories that recall put into the session so far.
    recalled: tuple[str, ...] = ()
    #: Whether the message before asks something, so that "yes" is a decision.
    was_asked: bool = False


class Refusal(NamedTuple):
    """Why a message isn't kept."""

    #: One of REASONS.
    code: str
    reason: str


def judge(role: str, content: str, context: Context = Context()) -> Refusal | None:  # noqa: B008 - immutable
    """Return why a message is refused; None if it should be kept. `role` is `user` or `assistant`.

    Pure, and takes time linear in the length of the content: the same message in the same conversation is
    always judged the same, so a replay adds nothing.
    """
    code = _find_code(role, content, context)
    return Refusal(code, REASONS[code]) if code else None


def _find_code(role: str, content: str, context: Context) -> str:
    if is_recalled_block(content):
        return "echo"
    if is_host_text(role, content):
        return "host"
    filler = judge_words(role, content)
    if filler is Filler.EMPTY:
        return "empty"
    if filler is Filler.ALWAYS or (filler is Filler.UNLESS_ASKED and not context.was_asked):
        return "filler"
    if is_echo(role, content, context.recalled):
        return "echo"
    return "dump" if is_dump(role, content) else ""
