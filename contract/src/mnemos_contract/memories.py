"""Memories on the wire: the memory itself, and what is sent to store, update, list and delete some."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from mnemos_contract.base import Moment, Name, Tags, WireModel
from mnemos_contract.limits import DEFAULT_PAGE_SIZE, MAX_BATCH_IDS, MAX_CONTENT_BYTES, MAX_PAGE_SIZE
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
    #: Everything sent was already there.
    DUPLICATE = "duplicate"


class Memory(WireModel):
    """One durable statement, with where it comes from and where it stands. Absent members are left out."""

    #: 13 characters of lower-case Crockford base32; sorts by age.
    id: str
    content: str
    memory_type: MemoryType
    state: MemoryState
    #: Counts from 1; each update adds exactly one.
    version: int
    created_at: Moment
    updated_at: Moment
    tags: list[str] | None = None
    metadata: JsonValue = None
    source: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    #: The project it belongs to; absent: known everywhere.
    project: str | None = None
    updated_by: str | None = None
    superseded_by: str | None = None
    #: Age in words, such as "2 days ago"; in lists and searches.
    relative_age: str | None = None
    #: 0 to 1; in searches.
    score: float | None = None
    #: 0 to 100, growing with `score`; in searches.
    confidence: int | None = None


class MemoryPage(WireModel):
    """A page of memories, and how many there are in all."""

    memories: list[Memory]
    total: int
    limit: int
    offset: int


def _check_content_size(content: str | None) -> str | None:
    if content is not None and len(content.encode()) > MAX_CONTENT_BYTES:
        raise ValueError(f"too long (max {MAX_CONTENT_BYTES} bytes)")
    return content


#: Text of a memory, at most 50,000 bytes of UTF-8.
Content = Annotated[str | None, AfterValidator(_check_content_size)]


class StoreRequest(WireModel):
    """Store one memory (`content`) or the messages of a session (`messages`), never both."""

    content: Content = None
    memory_type: Name | None = None
    tags: Tags = []
    metadata: JsonValue = None
    source: Name | None = None
    project: Name | None = None
    agent_id: Name | None = None
    session_id: Name | None = None
    messages: list[Message] = []
    #: Accepted with messages for older clients; it changes nothing.
    mode: str | None = None
    #: Answer 200 instead of 202. Either way the answer comes when everything is durable.
    sync: bool = False

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
    outcome: Outcome
    #: The id of the memory, when one was stored.
    id: str | None = None
    memory: Memory | None = None
    #: With messages: how many were new, how many were there already, and the session they are in.
    stored: int | None = None
    duplicates: int | None = None
    session_id: str | None = None


class UpdateRequest(WireModel):
    """Change what is sent, keep what isn't. Every update makes a new version, an empty one too."""

    #: Absent or empty: unchanged.
    content: Content = None
    #: Absent or null: unchanged; an empty list clears them.
    tags: Tags | None = None
    #: Absent: unchanged; null clears it.
    metadata: JsonValue = None
    #: Absent: unchanged.
    source: Name | None = None
    #: Enforced: another current version answers 412.
    expected_version: int | None = Field(default=None, ge=1)

    @property
    def changes_metadata(self) -> bool:
        """Whether metadata was sent at all; null clears it."""
        return "metadata" in self.model_fields_set


def _lenient_limit(value: Any) -> int:
    """Read a page size as mem9 does: nonsense is the default; too large is cut to the largest."""
    number = _lenient_int(value)
    return DEFAULT_PAGE_SIZE if number <= 0 else min(number, MAX_PAGE_SIZE)


def _lenient_offset(value: Any) -> int:
    return max(0, _lenient_int(value))


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


#: Items in one comma-separated query parameter.
CommaList = Annotated[list[str], BeforeValidator(_split_commas)]


class ListQuery(WireModel):
    """Which memories to list (without `q`) or search (with it). All filters must hold together."""

    q: str = ""
    limit: Annotated[int, BeforeValidator(_lenient_limit)] = DEFAULT_PAGE_SIZE
    offset: Annotated[int, BeforeValidator(_lenient_offset)] = 0
    #: All of these tags.
    tags: CommaList = []
    #: Any of these tags.
    tags_any: CommaList = []
    source: str | None = None
    #: `all` lists every state; a search knows active memories only.
    state: str = MemoryState.ACTIVE.value
    #: Any of these types.
    memory_type: CommaList = []
    agent_id: str | None = None
    session_id: str | None = None
    project: str | None = None

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
