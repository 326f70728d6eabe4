"""Named SQL queries from files, compiled for one driver when they are loaded.

A file contains blocks such as

    -- fragment: key_columns
    tenant_id, id

    -- name: put_memory [mysql]
    -- Stores a memory, or replaces the one with its id.
    REPLACE INTO memories ({key_columns}) VALUES (:tenant_id, :memory_id);

`[mysql]` or `[sqlite]` marks the text for one variant; without a mark it is used for both. `:name` is a
parameter, `(:names...)` is a parameter that takes a list. Quotes inside strings are doubled, never escaped by
a backslash.

A fragment is text that several statements share: it replaces `{name}` in a statement. Fragments that several
files use are in `sql/fragments.sql`. A fragment takes no arguments and uses no other fragment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final, cast

from mnemo_server.db.query_files import (
    SHARED,
    Variant,
    choose_blocks,
    fragment_text,
    single_statement,
    split_blocks,
)
from mnemo_server.db.statements import find_fragments, rewrite, split_insert

#: Limit of cached texts of a list query, one per combination of list lengths.
_KEPT_TEXTS: Final = 256
#: The text of an empty list: only SQLite accepts `IN ()`. `NOT IN` is rejected, since it would never be true.
_EMPTY_LIST: Final = "NULL"
_NO_FRAGMENTS: Final[Mapping[str, str]] = {}

_OPTIONAL_FILTER = re.compile(r":[a-z_][a-z0-9_]*\s+IS\s+(?:NOT\s+)?NULL", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """One statement in the driver's own notation.

    `order` names the parameters in order of appearance, with repeats. `prepared` is the text with `%s` for a
    server-side prepared statement: only for the MySQL family, and None where the planner should see the
    values (lists, optional filters like `:agent_id IS NULL OR …`). `batch` is head, row and tail of an INSERT
    that can take many rows.
    """

    name: str
    text: str
    lists: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    prepared: str | None = None
    batch: tuple[str, str, str] | None = None
    _mark: str = field(default="%({})s", repr=False)
    _expanded: dict[tuple[int, ...], tuple[str, list[tuple[str, ...]]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def render(self, params: Mapping[str, object]) -> tuple[str, Mapping[str, object]]:
        """Return text and parameters for the driver, with one parameter for each element of a list."""
        if not self.lists:
            return self.text, params
        lists = [cast("Sequence[object]", params[name]) for name in self.lists]
        lengths = tuple(map(len, lists))
        expanded = self._expanded.get(lengths)
        if expanded is None:
            expanded = self._expand(lengths)
        text, names = expanded
        values = {name: value for name, value in params.items() if name not in self.lists}
        for list_names, elements in zip(names, lists, strict=True):
            values.update(zip(list_names, elements, strict=True))
        return text, values

    def _expand(self, lengths: tuple[int, ...]) -> tuple[str, list[tuple[str, ...]]]:
        """Return and cache the text for lists of these lengths, with the names of their elements."""
        text, names = self.text, []
        for name, length in zip(self.lists, lengths, strict=True):
            element_names = tuple(f"{name}_{position}" for position in range(length))
            marks = ", ".join(map(self._mark.format, element_names))
            text = text.replace(f":{name}...", marks or _EMPTY_LIST)
            names.append(element_names)
        if len(self._expanded) >= _KEPT_TEXTS:
            self._expanded.clear()
        self._expanded[lengths] = text, names
        return text, names


class QuerySet:
    """The queries of one file, by name, as attributes."""

    def __init__(self, origin: str, queries: Mapping[str, Query]) -> None:
        self._origin = origin
        self._queries = dict(queries)

    def __getattr__(self, name: str) -> Query:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._queries[name]
        except KeyError:
            raise AttributeError(f"There is no query {name!r} in {self._origin}.") from None

    def __iter__(self) -> Iterator[Query]:
        return iter(self._queries.values())


@cache
def load_queries(name: str, variant: Variant) -> QuerySet:
    """Return the queries of `sql/<name>.sql` for one variant.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file violates the notation; the sentence names file and query.
    """
    return parse_queries(_read(name), variant, origin=f"sql/{name}.sql", shared=load_fragments(variant))


@cache
def load_fragments(variant: Variant) -> Mapping[str, str]:
    """Return the fragments that every file may use, by name.

    Raises:
        ValueError: their file violates the notation, or contains queries.
    """
    origin = f"sql/{SHARED}.sql"
    blocks = split_blocks(_read(SHARED), origin)
    if query := next((block for block in blocks if block.is_query), None):
        raise ValueError(f"{query.where} is in the file of the fragments.")
    return {block.name: fragment_text(block) for block in choose_blocks(blocks, variant)}


def parse_queries(
    source: str, variant: Variant, *, origin: str, shared: Mapping[str, str] = _NO_FRAGMENTS
) -> QuerySet:
    """Return the queries of a source text, named `origin` in errors; it may use the fragments in `shared`.

    Raises:
        ValueError: the text violates the notation; the sentence names origin and block.
    """
    blocks = split_blocks(source, origin)
    used = {name for block in blocks if block.is_query for name in find_fragments(block.body)}
    fragments = dict(shared)
    queries = {}
    for block in choose_blocks(blocks, variant):
        if block.is_query:
            queries[block.name] = block
        elif block.name in shared:
            raise ValueError(f"{block.where} is in sql/{SHARED}.sql too.")
        elif block.name not in used:
            raise ValueError(f"{block.where} isn't used in this file.")
        else:
            fragments[block.name] = fragment_text(block)
    compiled = {
        name: _compile(name, single_statement(block, fragments), variant) for name, block in queries.items()
    }
    return QuerySet(origin, compiled)


def _read(name: str) -> str:
    return files("mnemo_server").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def _compile(name: str, statement: str, variant: Variant) -> Query:
    """Return a statement as a query in the driver's notation."""
    if variant == "sqlite":
        text, order, lists = rewrite(statement, ":{}", percent="%")
        return Query(name=name, text=text, lists=lists, order=order, _mark=":{}")
    text, order, lists = rewrite(statement, "%({})s", percent="%%")
    prepared = None
    if not lists and not _OPTIONAL_FILTER.search(statement):
        prepared = rewrite(statement, "%s", percent="%%")[0]
    return Query(name=name, text=text, lists=lists, order=order, prepared=prepared, batch=split_insert(text))
