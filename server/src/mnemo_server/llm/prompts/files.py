"""The prompts that are shipped with this package, each identified by a hash of its text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

_SHOWN_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Wording:
    """The fixed part of a prompt."""

    name: str
    text: str

    @property
    def version(self) -> str:
        """The name and a short hash of the text, such as `extract@1f0c93ab`."""
        return f"{self.name}@{hashlib.sha256(self.text.encode()).hexdigest()[:_SHOWN_DIGITS]}"


@dataclass(frozen=True, slots=True)
class Wordings:
    """All prompts."""

    extract: Wording
    merge: Wording
    repair: Wording


def load_wordings() -> Wordings:
    """Return all prompts; reads files, so call it in a thread."""
    return Wordings(*(_load(name) for name in ("extract", "merge", "repair")))


def _load(name: str) -> Wording:
    path = files("mnemo_server.llm").joinpath("prompts", f"{name}.md")
    return Wording(name, path.read_text(encoding="utf-8").strip())
