"""Variables that look like settings of the server but aren't: a typo would change nothing, without a word."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from mnemo_server.settings import Settings

#: Settings of clients that have the name of one of ours, with their own prefix.
SHARED_NAMES: Final = ("REDACT",)
#: How alike two names must be for one to be taken for the other, from 0 to 1.
_LIKENESS: Final = 0.7


def describe_unknown(names: Iterable[str]) -> list[str]:
    """Return a sentence for each of these names that is no setting, with the one that was probably meant."""
    return [sentence for name in sorted(names) if (sentence := _describe(name.upper()))]


def _describe(name: str) -> str:
    settings = [field.upper() for field in Settings.model_fields]
    prefix, _, ending = name.partition("_")
    if prefix == "MNEMOS":  # what clients read; a setting of ours has the wrong prefix
        likely = [ending] if ending in settings and ending not in SHARED_NAMES else []
        return _advise(name, likely) if likely else ""
    if prefix != "MNEMO" or ending in settings or ending.startswith("TEST_"):
        return ""
    return _advise(name, get_close_matches(ending, settings, n=1, cutoff=_LIKENESS))


def _advise(name: str, likely: list[str]) -> str:
    advice = f"did you mean MNEMO_{likely[0]}?" if likely else "docs/configuration.md lists them all"
    return f"{name} is set, but there is no such setting: {advice}"
