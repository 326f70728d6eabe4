"""What is asked to list or search memories."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, model_validator

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
