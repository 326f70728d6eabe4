"""The lines of a recalled block: `- [id, day] text`, one for each memory."""

from __future__ import annotations


def list_lines(block: str) -> list[str]:
    """Return the lines of a block that contain memories."""
    return [line for line in block.split("\n") if line.startswith("- [")]


def escape(text: str) -> str:
    """Escape a text so that it can't end its block."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def read_memory(line: str) -> str:
    """Return the text of a line without escapes, as it is in the memory."""
    text = line.partition("] ")[2]
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
