"""Which rules a text needs, and all that they find.

Most texts hold no secret and few of the words that secrets stand near, so every rule has a needle that is
looked for first: a search for a fixed string is many times quicker than a pattern.
"""

from __future__ import annotations

import re
from typing import Final

from mnemo_server.domain.redaction.addresses import find_addresses, find_go_addresses
from mnemo_server.domain.redaction.assignment_shapes import ASSIGNMENTS, FOREIGN_ASSIGNMENTS
from mnemo_server.domain.redaction.assignments import find_assignments
from mnemo_server.domain.redaction.commands import find_command_passwords
from mnemo_server.domain.redaction.headers import find_authorization, find_bearers, find_cookies
from mnemo_server.domain.redaction.key_shapes import SHORTEST_KEY
from mnemo_server.domain.redaction.marks import Span
from mnemo_server.domain.redaction.neighbours import WORDS_BEFORE, find_neighbours
from mnemo_server.domain.redaction.password_lines import (
    find_changed_passwords,
    find_credentials,
    find_netrc_passwords,
    find_pairs,
    find_pgpass_passwords,
    find_setting_passwords,
    find_statement_passwords,
)
from mnemo_server.domain.redaction.private_blocks import find_private_blocks
from mnemo_server.domain.redaction.private_keys import find_encoded_keys, find_private_keys
from mnemo_server.domain.redaction.provider_keys import find_provider_keys

#: Needles, in lower case, and the rules that need them.
_RULES: Final = (
    ("private", find_private_blocks),
    ("private", find_private_keys),
    ("://", find_addresses),
    ("@tcp", find_go_addresses),
    ("@unix(", find_go_addresses),
    ("-", find_command_passwords),
    ("identified", find_statement_passwords),
    ("pass", find_netrc_passwords),
    ("pass", find_setting_passwords),
    ("pass", find_changed_passwords),
    ("cred", find_credentials),
    ("auth", find_pairs),
    (":5432:", find_pgpass_passwords),
    (":*:", find_pgpass_passwords),
)
#: The same for rules that need the text in lower case too.
_RULES_OF_WORDS: Final = (
    ("auth", find_authorization),
    ("bearer", find_bearers),
    ("cookie", find_cookies),
)
_NEEDLES: Final = tuple(
    dict.fromkeys(
        [needle for needle, _ in _RULES]
        + [needle for needle, _ in _RULES_OF_WORDS]
        + [stem.needle for stem, _ in ASSIGNMENTS]
    )
)
_FOREIGN_NEEDLES: Final = tuple(stem.needle for stem, _ in FOREIGN_ASSIGNMENTS)
#: A run of characters as in keys; and what makes it unlike words and identifiers.
_RUN: Final = re.compile("[A-Za-z0-9_-]{16,}")
_DIGIT: Final = re.compile("[0-9]")
_HUMP: Final = re.compile("[a-z][A-Z]")
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
        spans += find_provider_keys(text, words)
        spans += find_encoded_keys(text)
    for needle, rule in _RULES:
        if needle in present:
            spans += rule(text)
    for needle, rule_of_words in _RULES_OF_WORDS:
        if needle in present:
            spans += rule_of_words(text, lowered)
    spans += find_assignments(text, lowered, present)
    if has_keys and not present.isdisjoint(WORDS_BEFORE):
        spans += find_neighbours(text, lowered)
    return spans


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
