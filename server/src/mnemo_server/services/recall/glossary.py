"""Loads the glossaries that come with the package, each when its language is first used."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from mnemo_server.domain.recall.translation import Glossary, find_language


def translate(text: str) -> str | None:
    """Return a text in another language word for word in English; None if it needs no translation."""
    language = find_language(text)
    return None if language is None else load_glossary(language).translate(text)


@cache
def load_glossary(language: str) -> Glossary:
    """Return the glossary of one of `LANGUAGES`."""
    path = files("mnemo_server.services.recall").joinpath("glossaries", f"{language}.txt")
    with path.open(encoding="utf-8") as lines:
        return Glossary.read(language, lines)
