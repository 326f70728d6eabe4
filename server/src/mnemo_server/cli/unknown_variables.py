"""Finds variables that look like settings of the server but aren't: a typo would otherwise go unnoticed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from mnemo_server.settings import Settings

#: Names of client settings that the server also has, with a different prefix.
SHARED_NAMES: Final = ("REDACT",)
#: How similar two names must be for one to be suggested for the other, from 0 to 1.
_LIKENESS: Final = 0.7


def describe_unknown(names: Iterable[str]) -> list[str]:
    """Return a sentence for each name that isn't a setting, with the setting that was probably meant."""
    return [sentence for name in sorted(names) if (sentence := _describe(name.upper()))]


def _describe(name: str) -> str:
    settings = [field.upper() for field in Settings.model_fields]
    prefix, _, ending = name.partition("_")
    if prefix == "MNEMOS":  # clients read these; only a setting of ours with the wrong prefix is reported
        likely = [ending] if ending in settings and ending not in SHARED_NAMES else []
        return _advise(name, likely) if likely else ""
    if prefix != "MNEMO" or ending in settings or ending.startswith("TEST_"):
        return ""
    return _advise(name, get_close_matches(ending, settings, n=1, cutoff=_LIKENESS))


def _advise(name: str, likely: list[str]) -> str:
    advice = f"did you mean MNEMO_{likely[0]}?" if likely else "docs/configuration.md lists them all"
    return f"{name} is set, but there is no such setting: {advice}"
