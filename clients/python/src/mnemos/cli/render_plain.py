"""Makes foreign text safe to print; for commands that shouldn't wait for rich."""

from __future__ import annotations

import re
from typing import Final

#: Characters that move the cursor, change colours or reverse the direction of the text.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return a text without characters that move the cursor, change colours or reverse the direction."""
    return _CONTROLS.sub("·", text)
