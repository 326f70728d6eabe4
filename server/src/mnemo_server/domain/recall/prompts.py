"""Prompts as people type them: what of a prompt is worth a search."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mnemos_contract.recalled import strip_recalled

#: A command of the host: it says nothing about the work, but the words after it do.
_COMMAND: Final = re.compile(r"/[\w:.-]+(?=\s|$)")
_FENCE: Final = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LOG_LINE: Final = re.compile(
    r"^\s*(?:at \S+\(|File \"|\d{4}-\d\d-\d\d[T ]|\[?\d\d:\d\d:\d\d|[-+]{3} |@@ |\s*\^|[{}\[\]();]+\s*$)"
)
#: Words of people that are enough to search by them alone.
_ENOUGH_WORDS: Final = 4
_LEAST_CHARACTERS: Final = 3
#: A text of more lines than this may be pasted in part.
_FEW_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that is worth a search."""

    text: str
    """Everything, without the host's command: for keywords and literals."""
    words: str
    """What the person wrote rather than pasted: for the vector."""
    is_command: bool
    """Whether a command of the host preceded it."""


def read_prompt(text: str) -> Prompt | None:
    """Return what a prompt asks for; None if there is nothing to search for."""
    text = strip_recalled(text).strip()
    command = _COMMAND.match(text)
    if command:
        text = text[command.end() :].strip()
    if sum(character.isalnum() for character in text) < _LEAST_CHARACTERS:
        return None
    return Prompt(text, _find_words(text), command is not None)


def _find_words(text: str) -> str:
    """Return the text without code blocks and log lines, if enough is left."""
    written = _FENCE.sub("\n", text)
    lines = written.splitlines()
    if len(lines) > _FEW_LINES:
        lines = [line for line in lines if not _LOG_LINE.match(line)]
    written = "\n".join(line for line in lines if line.strip()).strip()
    return written if len(written.split()) >= _ENOUGH_WORDS else text
