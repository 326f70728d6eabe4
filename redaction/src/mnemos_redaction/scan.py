"""Which rules a text needs, and all that they find.

Most texts hold no secret and few of the words that secrets stand near, so every rule has a needle that is
looked for first: a search for a fixed string is many times quicker than a pattern.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol

from mnemos_redaction.assignments.stems import FOREIGN_STEMS, STEMS, WORDS_BEFORE
from mnemos_redaction.lazy_patterns import make_pattern
from mnemos_redaction.marks import SHORTEST_KEY, Span

if TYPE_CHECKING:
    from collections.abc import Iterator


class Rule(Protocol):
    """Finds the secrets of one sort."""

    def __call__(self, text: str, *more: object) -> Iterator[Span]:
        """Find them; `more` is the text in lower case, for rules of words."""


#: Needles, in lower case, and the rules that need them: a module of this package and a function in it. A rule
#: is loaded with the first text that has the needle, since a hook has few milliseconds.
_RULES: Final = (
    ("private", "blocks.private_tags.find_private_blocks"),
    ("private", "blocks.private_keys.find_private_keys"),
    ("://", "places.urls.find_addresses"),
    ("@tcp", "places.urls.find_go_addresses"),
    ("@unix(", "places.urls.find_go_addresses"),
    ("-", "places.commands.find_command_passwords"),
    ("identified", "places.config_files.find_statement_passwords"),
    ("pass", "places.config_files.find_netrc_passwords"),
    ("pass", "places.config_files.find_setting_passwords"),
    ("pass", "places.config_files.find_changed_passwords"),
    ("cred", "places.config_files.find_credentials"),
    ("auth", "places.config_files.find_pairs"),
    (":5432:", "places.config_files.find_pgpass_passwords"),
    (":*:", "places.config_files.find_pgpass_passwords"),
)
#: The same for rules that need the text in lower case too.
_RULES_OF_WORDS: Final = (
    ("auth", "places.headers.find_authorization"),
    ("bearer", "places.headers.find_bearers"),
    ("cookie", "places.headers.find_cookies"),
)
_NEEDLES: Final = tuple(
    dict.fromkeys(
        [needle for needle, _ in _RULES]
        + [needle for needle, _ in _RULES_OF_WORDS]
        + [stem.needle for stem in STEMS]
    )
)
_FOREIGN_NEEDLES: Final = tuple(stem.needle for stem in FOREIGN_STEMS)
_STEM_NEEDLES: Final = frozenset(stem.needle for stem in STEMS + FOREIGN_STEMS)
#: A run of characters as in keys; and what makes it unlike words and identifiers.
_RUN: Final = make_pattern("[A-Za-z0-9_-]{16,}")
_DIGIT: Final = make_pattern("[0-9]")
_HUMP: Final = make_pattern("[a-z][A-Z]")
_MANY_HUMPS: Final = 3


def find_secrets(text: str) -> list[Span]:
    """Find all secrets of a text as each rule sees them, some more than once.

    Where rules find the same, the one that knows more comes first.
    """
    lowered = lower(text)
    present = {needle for needle in _NEEDLES if needle in lowered}
    if not text.isascii():
        present.update([needle for needle in _FOREIGN_NEEDLES if needle in lowered])
    spans: list[Span] = []
    words = [word for word in text.split() if len(word) >= SHORTEST_KEY]
    has_keys = bool(words) and _may_be_keys(words)
    if has_keys:
        from mnemos_redaction.blocks.private_keys import find_encoded_keys  # noqa: PLC0415 - as the rules
        from mnemos_redaction.provider_keys import find_provider_keys  # noqa: PLC0415

        spans += find_provider_keys(text, words)
        spans += find_encoded_keys(text)
    for needle, name in _RULES:
        if needle in present:
            spans += _load_rule(name)(text)
    for needle, name in _RULES_OF_WORDS:
        if needle in present:
            spans += _load_rule(name)(text, lowered)
    if not present.isdisjoint(_STEM_NEEDLES):
        from mnemos_redaction.assignments.find import find_assignments  # noqa: PLC0415

        spans += find_assignments(text, lowered, present)
    if has_keys and not present.isdisjoint(WORDS_BEFORE):
        from mnemos_redaction.assignments.near_words import find_neighbours  # noqa: PLC0415

        spans += find_neighbours(text, lowered)
    return spans


@cache
def _load_rule(name: str) -> Rule:
    module, _, function = name.rpartition(".")
    rule: Rule = getattr(import_module(f"mnemos_redaction.{module}"), function)
    return rule


def lower(text: str) -> str:
    """Put a text in lower case with each character at its place."""
    # The one character that becomes two in lower case.
    return text.lower() if text.isascii() else text.replace("\u0130", "i").lower()


def _may_be_keys(words: list[str]) -> bool:
    """Whether any of these words holds a run that is neither word nor identifier."""
    return any(
        _DIGIT.search(run) or run.isupper() or len(_HUMP.findall(run)) >= _MANY_HUMPS
        for run in _RUN.findall(" ".join(words))
    )
