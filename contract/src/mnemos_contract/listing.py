"""The query that lists or searches memories."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from mnemos_contract.base import Moment, Name, WireModel
from mnemos_contract.limits import (
    DEFAULT_PAGE_SIZE,
    MAX_FILTER_ITEMS,
    MAX_PAGE_SIZE,
)
from mnemos_contract.memories import MemoryState

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BARE_NUMBER = re.compile(r"[-+]?[0-9.]+")


def _lenient_limit(value: Any) -> int:
    """Read a page size as mem9 does: an invalid one becomes the default, a larger one the maximum."""
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
    """Read `2026-11-24` as the start of that day, UTC, and a blank as `+`, which a query string makes blank.

    A bare number is rejected: `2026` would mean seconds since 1970, which no one intends.
    """
    if isinstance(value, str):
        value = value.strip().replace(" ", "+") if "T" in value else value.strip()
        if _BARE_NUMBER.fullmatch(value):
            raise ValueError("must be a date such as 2026-11-24, or a time such as 2026-11-24T10:00:00Z")
        return f"{value}T00:00:00Z" if _DAY.fullmatch(value) else value
    return value


#: A time, or a plain date, which means the start of that day.
Day = Annotated[Moment, BeforeValidator(_read_day)]

#: Items in one comma-separated query parameter; a list elsewhere, one text in a query string.
CommaList = Annotated[
    list[str],
    BeforeValidator(_split_commas),
    AfterValidator(_check_item_count),
    PlainSerializer(",".join, return_type=str, when_used="json"),
]


class ListQuery(WireModel):
    """Which memories to list (without `q`) or search (with `q`). A memory must match all filters."""

    q: str = ""
    """Query: plain words, identifiers or error codes. Absent: list by age."""
    limit: Annotated[int, BeforeValidator(_lenient_limit)] = DEFAULT_PAGE_SIZE
    """Page size, 1 to 200. A larger one becomes 200, an invalid one 10."""
    offset: Annotated[int, BeforeValidator(_lenient_offset)] = 0
    """Number of memories to skip."""
    tags: CommaList = []
    """Only memories with all of these tags."""
    tags_any: CommaList = []
    """Only memories with any of these tags."""
    source: Name | None = None
    """Only from this source."""
    created_from: Day | None = None
    """Only memories stored, or messages said, at this time or later. A plain date is the start of that day,
    UTC."""
    created_before: Day | None = None
    """Only memories stored, or messages said, before this time."""
    state: str = MemoryState.ACTIVE.value
    """Only memories in this state; `all` lists every state. A search finds active memories only."""
    memory_type: CommaList = []
    """Only memories of these types."""
    agent_id: Name | None = None
    """Only memories of this agent."""
    session_id: Name | None = None
    """Only memories from this session."""
    project: Name | None = None
    """Only memories of this project."""
    subject: Name | None = None
    """Only memories with this subject."""
    as_of: Day | None = None
    """Show memories as of this time, with their content at that time: without later ones, and including those
    superseded since. A search ranks by the current texts and doesn't find what was deleted since."""
    include_superseded: bool = False
    """Include superseded memories."""
    min_confidence: Annotated[int | None, Field(ge=0, le=100)] = None
    """In a search: only hits with at least this confidence. Default: all hits, unless nothing that is stored
    seems to matter for the query; then none. 0: all hits in any case."""
    explain: bool = False
    """In a search: explain the score of each hit."""

    @property
    def is_search(self) -> bool:
        """Whether memories are ranked by a query rather than listed by age."""
        return bool(self.q.strip())

    @model_validator(mode="after")
    def _search_active_only(self) -> Self:
        if self.is_search and self.state not in ("", MemoryState.ACTIVE, "all"):
            raise ValueError("state: a search finds active memories only; omit q to list other states")
        return self
