"""Facts that a language model found in messages, and the rules for accepting them; these need no model.

A model is never trusted: whatever it returns, an accepted fact comes from messages that were sent, has a
length and a form that a memory can have, and gives the memory no orders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mnemo_server.domain.enrichment.orders import is_order

MAX_FACTS: Final = 20
"""Limit of facts from one request."""
MAX_FACT_CHARACTERS: Final = 1_000
MAX_FACT_TAGS: Final = 3
MAX_SUBJECT_CHARACTERS: Final = 120
MAX_NEW_TAG_CHARACTERS: Final = 40

#: `user/employer`, `person/anna/role`, `project/database/version`.
_SUBJECT: Final = re.compile(r"user/{0}|person/{0}/{0}|project/{0}/{0}".format(r"\w[\w.+-]*"))
_NEW_TAG: Final = re.compile(r"\w[\w.+/-]*")
_BLANKS: Final = re.compile(r"\s+")
#: Control characters that no text needs; line ends and tabs stay.
_CONTROLS: Final = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}

#: Removes secrets from a text.
Cleaner = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class SaidMessage:
    """One message, with what extraction needs of it. Also represents a memory that was stored as text."""

    id: int
    role: str
    content: str
    said_at: int
    """Microseconds UTC."""
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Tags and subjects that new facts should reuse, the most used first."""

    tags: Sequence[str] = ()
    subjects: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ProposedFact:
    """A fact as a model returned it: its types are right, and nothing else has been checked."""

    content: str
    sources: Sequence[int]
    """Numbers of messages, counted from 1."""
    tags: Sequence[str] = ()
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One durable statement that can be understood by itself; it becomes a memory."""

    content: str
    tags: tuple[str, ...]
    subject: str | None
    """What it states the present value of, such as `user/employer`; a subject's newest fact is current."""
    sources: tuple[int, ...]
    """Ids of the messages in which it was found."""
    said_at: int
    """When the last of these messages was said, in microseconds UTC."""


def keep_facts(
    proposed: Sequence[ProposedFact],
    messages: Sequence[SaidMessage],
    *,
    vocabulary: Sequence[str],
    forbidden: str,
    clean: Cleaner | None,
) -> list[Fact]:
    """Return the facts that may be stored, at most `MAX_FACTS`, in their original order.

    A fact is left out when it is empty or too long, names no message that was sent, contains the `forbidden`
    word (the boundary of the prompt) or tells the memory what to do. Facts that say the same become one.
    """
    spellings = {tag.casefold(): tag for tag in reversed(vocabulary)}
    kept: dict[str, Fact] = {}
    for one in proposed:
        fact = _check(one, messages, spellings, forbidden, clean)
        if fact is not None:
            same = _BLANKS.sub(" ", fact.content).casefold()
            kept[same] = _unite(kept[same], fact) if same in kept else fact
    return list(kept.values())[:MAX_FACTS]


def tidy_content(content: str, clean: Cleaner | None, *, limit: int = MAX_FACT_CHARACTERS) -> str | None:
    """Return a text as it may be stored, without secrets; None when it must not be stored."""
    text = content.encode("utf-8", "replace").decode().translate(_CONTROLS).strip()
    text = clean(text).strip() if clean else text
    if len(text) > limit or not any(map(str.isalnum, text)) or is_order(text):
        return None
    return text


def choose_tags(tags: Sequence[str], spellings: dict[str, str]) -> tuple[str, ...]:
    """Return the tags to use: tags already in use, in their spelling, or else new ones of a simple form.

    `spellings` maps the folded form of each tag in use to its spelling.
    """
    folded = list(dict.fromkeys(_BLANKS.sub("-", tag.strip()).casefold() for tag in tags))
    plain = list(dict.fromkeys(tag.strip().casefold() for tag in tags))
    known = [spellings[tag] for tag in dict.fromkeys([*plain, *folded]) if tag in spellings]
    fresh = [tag for tag in folded if len(tag) <= MAX_NEW_TAG_CHARACTERS and _NEW_TAG.fullmatch(tag)]
    return tuple(dict.fromkeys(known or fresh))[:MAX_FACT_TAGS]


def read_subject(subject: str | None) -> str | None:
    """Return a subject in lower case; None when it doesn't have the documented form."""
    text = _BLANKS.sub("-", (subject or "").strip()).casefold()
    return text if len(text) <= MAX_SUBJECT_CHARACTERS and _SUBJECT.fullmatch(text) else None


def _check(
    proposed: ProposedFact,
    messages: Sequence[SaidMessage],
    spellings: dict[str, str],
    forbidden: str,
    clean: Cleaner | None,
) -> Fact | None:
    numbers = [number for number in dict.fromkeys(proposed.sources) if 1 <= number <= len(messages)]
    content = tidy_content(proposed.content, clean)
    if not numbers or content is None or forbidden in content:
        return None
    sources = [messages[number - 1] for number in numbers]
    tags = choose_tags(proposed.tags, spellings)
    subject = read_subject(proposed.subject)
    return Fact(
        content=content,
        tags=tuple(tag for tag in tags if tag in spellings.values() or _is_clean(tag, clean)),
        subject=subject if _is_clean(subject, clean) else None,
        sources=tuple(message.id for message in sources),
        said_at=max(message.said_at for message in sources),
    )


def _is_clean(text: str | None, clean: Cleaner | None) -> bool:
    return text is None or clean is None or clean(text) == text


def _unite(first: Fact, second: Fact) -> Fact:
    """Return one fact in place of two that say the same."""
    return replace(
        first,
        tags=tuple(dict.fromkeys(first.tags + second.tags))[:MAX_FACT_TAGS],
        subject=first.subject or second.subject,
        sources=tuple(dict.fromkeys(first.sources + second.sources)),
        said_at=max(first.said_at, second.said_at),
    )
