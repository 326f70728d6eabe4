"""Lines: how a memory is written in a block."""

from __future__ import annotations

import re
import zlib
from typing import Final

from mnemos_contract.memories import MemoryType

from mnemo_server.domain.clock import to_datetime
from mnemo_server.domain.ids import encode_id
from mnemo_server.domain.memories.memory import StoredMemory

#: What a host or a model may take for the begin or end of something: tags with a hyphen, such as the marks of
#: a block, tags named after speakers, and control tokens.
_TAG: Final = re.compile(
    r"<(?=/?[a-z]\w*-[\w-]*[\s/>]|/?(?:system|user|assistant|human|tool|function|invoke)\w*[\s/>]|\|)",
    re.IGNORECASE,
)
_SAFE_BRACKET: Final = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
_LABEL_SIGNS: Final = re.compile(r"[\[\],<>\s]+")
_SPEAKER_CHARACTERS: Final = 40


def write_line(memory: StoredMemory, passage: str) -> str:
    """Return `- [id, day, speaker] passage`: the id for the tools, when it was said, and by whom.

    The text is shown as it is, so that what a model copies from it is correct; only tags that could end the
    block, or pass for words of the host, lose their bracket.
    """
    label = ", ".join(
        (encode_id(memory.id), f"{to_datetime(memory.created_at):%Y-%m-%d}", name_source(memory))
    )
    return f"- [{label}] {protect(passage)}"


def name_source(memory: StoredMemory) -> str:
    """Return who said a message; for any other memory `pinned` or `note`."""
    if memory.is_message:
        name = _LABEL_SIGNS.sub(" ", memory.name or memory.role or "").strip()
        return name[:_SPEAKER_CHARACTERS] or "message"
    return "pinned" if memory.memory_type == MemoryType.PINNED else "note"


def protect(text: str) -> str:
    """Return a text in which nothing can begin or end a block, or pass for words of the host."""
    return _TAG.sub(_SAFE_BRACKET, text)


def make_key(line: str) -> str:
    """Return what identifies a line among those already shown: the same line has the same key."""
    return f"{zlib.crc32(line.encode('utf-8', 'surrogatepass')):08x}"


def count_tokens(line: str) -> int:
    """Estimate the tokens of a line: one for four ASCII characters, or for 1.3 of another script."""
    return -(-(len(line) + 2 * sum(character > "\x7f" for character in line)) // 4)
