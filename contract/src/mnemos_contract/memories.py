"""Memories on the wire: the memory itself, and what is sent to store, update, list and delete some."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, PlainSerializer, model_validator

from mnemos_contract.base import Moment, Name, Tags, WireModel
from mnemos_contract.jobs import Enrichment
from mnemos_contract.limits import (
    DEFAULT_PAGE_SIZE,
    MAX_BATCH_IDS,
    MAX_CONTENT_BYTES,
    MAX_FILTER_ITEMS,
    MAX_PAGE_SIZE,
)
from mnemos_contract.messages import Message


class MemoryType(StrEnum):
    """What kind of memory a row is."""

    #: Stored by hand to stay as it is; no automatic step changes it.
    PINNED = "pinned"
    #: A statement that an agent stored or that was extracted.
    INSIGHT = "insight"
    #: One message of a session, verbatim.
    SESSION = "session"


class MemoryState(StrEnum):
    """Where a memory is in its life."""

    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"
    DELETED = "deleted"


class Outcome(StrEnum):
    """What a store request led to."""

    #: A new memory, or new messages.
    CREATED = "created"
    #: Everything sent was already there; a repeat of a memory is kept in that memory's history.
    DUPLICATE = "duplicate"
    #: As `created`, but secrets were taken out first.
    REDACTED = "redacted"


class Memory(WireModel):
    """One durable statement, with where it comes from and where it stands. Absent members are left out."""

    id: str
    """13 characters of lower-case Crockford base32; sorts by age."""
    content: str
    """The text."""
    memory_type: MemoryType
    """What kind it is."""
    state: MemoryState
    """Where it is in its life."""
    version: int
    """Counts from 1; each update adds exactly one."""
    created_at: Moment
    """When it was stored, UTC."""
    updated_at: Moment
    """When its present version was written, UTC."""
    tags: list[str] | None = None
    """Its tags, in the order given."""
    metadata: JsonValue = None
    """Any JSON that was kept with it."""
    source: str | None = None
    """Where it comes from; by default the agent that stored it."""
    agent_id: str | None = None
    """The agent it belongs to."""
    session_id: str | None = None
    """The session it comes from."""
    project: str | None = None
    """The project it belongs to; absent: known everywhere."""
    updated_by: str | None = None
    """The agent that wrote the present version."""
    subject: str | None = None
    """What it says something about, such as `user/employer`; the newest memory of a subject holds."""
    superseded_by: str | None = None
    """Id of the memory that took its place: lists and searches leave it out unless they are asked."""
    superseded_at: Moment | None = None
    """Since when, UTC."""
    derived_from: list[str] | None = None
    """Ids of the messages or memories that it was made of."""
    relative_age: str | None = None
    """Age in words, such as "2 days ago"; in lists and searches."""
    score: float | None = None
    """0 to 1; in searches."""
    confidence: int | None = None
    """0 to 100: the score in percent, which is how probable it is that this answers; in searches."""
    suggested_tags: list[str] | None = None
    """Tags of the nearest memories, after an update that asked for them."""
    explanation: dict[str, float] | None = None
    """What the score is made of; in searches that ask for it. The parts add up to the score."""


class MemoryPage(WireModel):
    """A page of memories, and how many there are in all."""

    memories: list[Memory]
    """The rows of this page."""
    total: int
    """How many match in all; in a search, messages that are shown for what stands beside them count too."""
    limit: int
    """The page size that was used."""
    offset: int
    """How many were skipped."""


def _check_content_size(content: str | None) -> str | None:
    if content is not None and len(content.encode()) > MAX_CONTENT_BYTES:
        raise ValueError(f"too long (max {MAX_CONTENT_BYTES} bytes)")
    return content


def _check_finite(value: JsonValue) -> JsonValue:
    """Refuse what the parser reads but JSON can't write: NaN, Infinity, and 1e400, which becomes infinite."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        raise ValueError("has a number that isn't finite") from None
    return value


#: Any JSON to keep with a memory.
Metadata = Annotated[JsonValue, AfterValidator(_check_finite)]
#: Text of a memory, at most 50,000 bytes of UTF-8.
Content = Annotated[str | None, AfterValidator(_check_content_size)]


class StoreRequest(WireModel):
    """Store one memory (`content`) or the messages of a session (`messages`), never both."""

    content: Content = None
    """The text, at most 50,000 bytes of UTF-8. Give this or `messages`."""
    memory_type: Name | None = None
    """`pinned` (stays as it is) or `insight` (the default); only with content."""
    tags: Tags = []
    """Up to 20; empty ones and repeats are dropped."""
    metadata: Metadata = None
    """Any JSON to keep with it."""
    source: Name | None = None
    """Where it comes from; default: the agent."""
    project: Name | None = None
    """The project it belongs to; absent: known everywhere."""
    subject: Name | None = None
    """What it says something about, such as `user/employer`: it takes the place of the memory that said
    something about the same before, in the same project. Only with content."""
    replaces: str | None = None
    """Id of a memory whose place it takes. Only with content."""
    suggest_tags: bool = False
    """Suggest tags in the answer: those of the memories nearest to it. None of them is set."""
    agent_id: Name | None = None
    """The agent it belongs to; default: the X-Mnemo-Agent-Id header."""
    session_id: Name | None = None
    """The session it comes from, or that the messages belong to."""
    messages: list[Message] = []
    """Messages of one session. What the session already holds is recognised and not stored twice."""
    mode: str | None = None
    """Accepted with messages for older clients; it changes nothing."""
    sync: bool = False
    """Answer 200 instead of 202. Either way the answer comes when everything is durable."""

    @property
    def has_content(self) -> bool:
        """Whether this stores one memory rather than messages."""
        return bool(self.content and self.content.strip())

    @property
    def is_pinned(self) -> bool:
        """Whether the memory is to stay exactly as it is."""
        return self.memory_type == MemoryType.PINNED

    @model_validator(mode="after")
    def _one_of_content_and_messages(self) -> Self:
        if self.messages and self.has_content:
            raise ValueError("body: provide either content or messages, not both")
        if self.messages and self.memory_type:
            raise ValueError("memory_type: memory_type is only allowed with content, not messages")
        for name in ("subject", "replaces"):
            if self.messages and getattr(self, name):
                raise ValueError(f"{name}: {name} is only allowed with content, not messages")
        if not self.messages and not self.has_content:
            raise ValueError("content: content or messages required")
        if self.has_content and self.mode:
            raise ValueError("body: content mode does not accept mode")
        if self.memory_type and self.memory_type not in (MemoryType.PINNED, MemoryType.INSIGHT):
            raise ValueError(
                f'memory_type: unsupported value "{self.memory_type}"; '
                'only "pinned" and "insight" can be stored as content'
            )
        return self


class StoreResponse(WireModel):
    """What is now durable. With a pinned memory its members stand beside these, as mem9 answers."""

    status: Literal["accepted", "ok"]
    """`ok` when `sync` was asked for, `accepted` otherwise. Everything is durable in both cases."""
    outcome: Outcome
    """Whether anything new was stored."""
    id: str | None = None
    """The id of the memory, when one was stored."""
    memory: Memory | None = None
    """The memory as it is now, when one was stored."""
    stored: int | None = None
    """With messages: how many were new."""
    duplicates: int | None = None
    """With messages: how many were there already."""
    session_id: str | None = None
    """With messages: the session they are in."""
    superseded: list[str] | None = None
    """Ids of the memories whose place it took."""
    redacted: int | None = None
    """How many secrets were taken out before anything was stored."""
    suggested_tags: list[str] | None = None
    """Tags of the nearest memories, the most fitting first, when asked for."""
    enrichment: Enrichment | None = None
    """Whether a language model will look at it now or later; absent: none will."""
    job_id: str | None = None
    """The job that does, to be asked for at /jobs."""


class UpdateRequest(WireModel):
    """Change what is sent, keep what isn't. Every update makes a new version, an empty one too."""

    content: Content = None
    """The new text, at most 50,000 bytes of UTF-8. Absent or empty: unchanged."""
    tags: Tags | None = None
    """All tags from now on, up to 20. Absent or null: unchanged; an empty list clears them."""
    metadata: Metadata = None
    """Absent: unchanged; null clears it."""
    source: Name | None = None
    """Where it comes from. Absent: unchanged."""
    suggest_tags: bool = False
    """Suggest tags in the answer, as when storing."""
    expected_version: int | None = Field(default=None, ge=1)
    """Enforced: another current version answers 412."""

    @property
    def changes_metadata(self) -> bool:
        """Whether metadata was sent at all; null clears it."""
        return "metadata" in self.model_fields_set


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BARE_NUMBER = re.compile(r"[-+]?[0-9.]+")


def _lenient_limit(value: Any) -> int:
    """Read a page size as mem9 does: nonsense is the default; too large is cut to the largest."""
    number = _lenient_int(value)
    return DEFAULT_PAGE_SIZE if number <= 0 else min(number, MAX_PAGE_SIZE)


def _lenient_offset(value: Any) -> int:
    return min(max(0, _lenient_int(value)), 2**31 - 1)


def _lenient_int(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _split_commas(value: Any) -> Any:
    """Read `a, b` as two trimmed items; a list stays as it is."""
    if isinstance(value, str):
        return [item for item in (part.strip() for part in value.split(",")) if item]
    return value


def _check_item_count(items: list[str]) -> list[str]:
    if len(items) > MAX_FILTER_ITEMS:
        raise ValueError(f"too many (max {MAX_FILTER_ITEMS})")
    return items


def _read_day(value: Any) -> Any:
    """Read `2026-11-24` as its first moment in UTC; a `+` that a query string made a blank is one again.

    A bare number is refused: `2026` would count as seconds since 1970, which nobody means.
    """
    if isinstance(value, str):
        value = value.strip().replace(" ", "+") if "T" in value else value.strip()
        if _BARE_NUMBER.fullmatch(value):
            raise ValueError("must be a date such as 2026-11-24, or a moment such as 2026-11-24T10:00:00Z")
        return f"{value}T00:00:00Z" if _DAY.fullmatch(value) else value
    return value


#: A moment, or a plain date that stands for its first moment.
Day = Annotated[Moment, BeforeValidator(_read_day)]

#: Items in one comma-separated query parameter; a list elsewhere, one text in a query string.
CommaList = Annotated[
    list[str],
    BeforeValidator(_split_commas),
    AfterValidator(_check_item_count),
    PlainSerializer(",".join, return_type=str, when_used="json"),
]


class ListQuery(WireModel):
    """Which memories to list (without `q`) or search (with it). All filters must hold together."""

    q: str = ""
    """What to look for, in plain words or literally. Absent: list by age."""
    limit: Annotated[int, BeforeValidator(_lenient_limit)] = DEFAULT_PAGE_SIZE
    """Page size, 1 to 200: more is cut to 200, nonsense is 10."""
    offset: Annotated[int, BeforeValidator(_lenient_offset)] = 0
    """How many to skip."""
    tags: CommaList = []
    """All of these tags."""
    tags_any: CommaList = []
    """Any of these tags."""
    source: Name | None = None
    """From this source only."""
    created_from: Day | None = None
    """Made, or said, at this moment or later. A plain date is its first moment, UTC."""
    created_before: Day | None = None
    """Made, or said, before this moment."""
    state: str = MemoryState.ACTIVE.value
    """`all` lists every state; a search knows active memories only."""
    memory_type: CommaList = []
    """Any of these types."""
    agent_id: Name | None = None
    """Of this agent only."""
    session_id: Name | None = None
    """Of this session only."""
    project: Name | None = None
    """Of this project only."""
    subject: Name | None = None
    """About this subject only."""
    as_of: Day | None = None
    """As it was at this moment: what came later is left out, and what was superseded since is shown, with the
    content of then. A search looks at the texts of today, and shows what was deleted since no more."""
    include_superseded: bool = False
    """Also memories whose place others took."""
    explain: bool = False
    """Tell of each hit of a search what its score is made of."""

    @property
    def is_search(self) -> bool:
        """Whether memories are ranked by a query rather than listed by age."""
        return bool(self.q.strip())

    @model_validator(mode="after")
    def _search_active_only(self) -> Self:
        if self.is_search and self.state not in ("", MemoryState.ACTIVE, "all"):
            raise ValueError("state: a search knows active memories only; leave out q to list other states")
        return self


class BatchDeleteRequest(WireModel):
    """Ids to delete: up to 1,000, counted before empty ones and repeats are dropped."""

    ids: list[str] = []
    """1 to 1,000 ids."""

    @model_validator(mode="after")
    def _some_but_not_too_many(self) -> Self:
        if len(self.ids) > MAX_BATCH_IDS:
            raise ValueError(f"ids: too many (max {MAX_BATCH_IDS})")
        if not any(item.strip() for item in self.ids):
            raise ValueError("ids: required")
        return self


class BatchDeleteResponse(WireModel):
    """How many memories changed state; unknown and already deleted ones don't count."""

    deleted: int
    """How many there are fewer now."""
