"""What to do with a fact when similar memories exist: a model proposes, these rules decide.

A merge never loses anything: the worst decision leaves one memory too many, or a memory whose earlier text
is in its history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mnemo_server.domain.enrichment.facts import Cleaner, tidy_content

MAX_NEIGHBOURS: Final = 5
"""Limit of memories that a fact is compared with."""
MAX_MERGED_CHARACTERS: Final = 2_000
MAX_REASON_CHARACTERS: Final = 300


class MergeAction(StrEnum):
    """What to do with a fact."""

    #: It says something that no neighbour says.
    ADD = "add"
    #: A neighbour gets a new text that says what both say.
    UPDATE = "update"
    #: A neighbour is no longer current; the fact supersedes it.
    SUPERSEDE = "supersede"
    #: The fact and a neighbour are about the same, and both stay.
    KEEP_BOTH = "keep_both"
    #: A neighbour already says it.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A memory that is similar to a fact."""

    memory_id: int
    content: str
    said_at: int
    """When it was created or said, in microseconds UTC."""
    is_pinned: bool = False
    tags: tuple[str, ...] = ()
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class ProposedMerge:
    """A decision as a model returned it."""

    action: MergeAction
    number: int | None = None
    """Number of a neighbour, counted from 1."""
    content: str | None = None
    """For `update`: the new text."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MergeDecision:
    """What to do with a fact, as decided."""

    action: MergeAction
    memory_id: int | None = None
    """The neighbour it is about: always set with `update`, `supersede` and `none`, else if one was named."""
    content: str | None = None
    """With `update`: the new text."""
    reason: str = ""
    """Why, in a sentence."""


NO_NEIGHBOURS: Final = MergeDecision(MergeAction.ADD, reason="Nothing near is known.")


def decide(
    proposed: ProposedMerge,
    neighbours: Sequence[Neighbour],
    *,
    abridged: frozenset[int],
    forbidden: str,
    clean: Cleaner | None,
) -> MergeDecision:
    """Return what to do with the fact.

    Pinned neighbours, and those in `abridged` (ids of memories of which the model saw only a part), are never
    changed: the fact is stored beside them. The same happens when the new text must not be stored. A number
    that matches no neighbour adds the fact.
    """
    number = proposed.number
    reason = _tidy_reason(proposed.reason, forbidden, clean)
    if number is None or not 1 <= number <= len(neighbours):
        stays = proposed.action is MergeAction.KEEP_BOTH and number is None
        return MergeDecision(MergeAction.KEEP_BOTH if stays else MergeAction.ADD, reason=reason)
    named = neighbours[number - 1]
    action, content = proposed.action, None
    if action is MergeAction.UPDATE:
        content = tidy_content(proposed.content or "", clean, limit=MAX_MERGED_CHARACTERS)
        if content is None or forbidden in content:
            action, content = MergeAction.KEEP_BOTH, None
    if action in (MergeAction.UPDATE, MergeAction.SUPERSEDE) and (
        named.is_pinned or named.memory_id in abridged
    ):
        action, content = MergeAction.KEEP_BOTH, None
    if content == named.content:
        action, content = MergeAction.NONE, None
    return MergeDecision(action, named.memory_id, content, reason)


def _tidy_reason(reason: str, forbidden: str, clean: Cleaner | None) -> str:
    """Return a reason as the history keeps it; empty when it isn't acceptable."""
    text = tidy_content(reason[:MAX_REASON_CHARACTERS], clean) or ""
    return "" if forbidden in text else text
