"""Named SQL queries from files, made ready for one driver when they are loaded.

A file holds blocks such as

    -- name: put_memory [mysql]
    -- Stores a memory, or replaces the one with its id.
    REPLACE INTO memories (tenant_id, id) VALUES (:tenant_id, :memory_id);

`[mysql]` or `[sqlite]` marks the text for one variant; without a mark it serves both. `:name` is a parameter,
`(:names...)` one that takes a list. Quotes inside strings are doubled, never escaped by a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final, Literal, TypeAlias, cast

Variant: TypeAlias = Literal["sqlite", "mysql"]

#: Texts of a list query that are kept, one per combination of list lengths.
_KEPT_TEXTS: Final = 256
#: What an empty list becomes: no engine but SQLite takes `IN ()`. `NOT IN` is refused, since it would never
#: be true.
_EMPTY_LIST: Final = "NULL"

_HEADER = re.compile(r"^-- name:[ \t]*(\w+)[ \t]*(?:\[(\w+)\])?[ \t]*$", re.MULTILINE)
#: The parts of SQL that have to be told apart: quoted, line comment, block comment, parameter, end, space.
_TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"[^"]*"|`[^`]*`)
      | (?P<note>--[^\n]*)
      | (?P<block>/\*.*?\*/)
      | (?<![:\w]):(?P<parameter>[a-z_][a-z0-9_]*)(?P<list>\.\.\.)?
      | (?P<end>;)
      | (?P<space>\s+)""",
    re.VERBOSE | re.DOTALL,
)
_OPTIONAL_FILTER = re.compile(r":[a-z_][a-z0-9_]*\s+IS\s+(?:NOT\s+)?NULL", re.IGNORECASE)
_NOT_IN_LIST = re.compile(r"\bNOT\s+IN\s*\(\s*:[a-z_][a-z0-9_]*\.\.\.", re.IGNORECASE)
_VALUES = re.compile(r"\bVALUES\s*(?=\()", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """One statement in the driver's own notation.

    `order` names the parameters in order of appearance, repeats included. `prepared` is the text with `%s`
    for a server-side prepared statement: only for the MySQL family, and None where the planner should see the values
    (lists, optional filters like `:agent_id IS NULL OR …`). `batch` is head, row and tail of an INSERT that
    can take many rows.
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
        """Return text and parameters for the driver, each list spread over one parameter per element."""
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
        """Write and keep the text for lists of these lengths."""
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
    """Return the queries of `sql/<name>.sql` in the text of one variant.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file breaks the notation; the sentence names file and query.
    """
    path = files("mnemo_server").joinpath("sql", f"{name}.sql")
    return parse_queries(path.read_text(encoding="utf-8"), variant, origin=f"sql/{name}.sql")


def parse_queries(source: str, variant: Variant, *, origin: str) -> QuerySet:
    """Return the queries of a source text; `origin` names it in errors."""
    parts = _HEADER.split(source)
    if list(split_statements(parts[0])):
        raise ValueError(f"{origin}: there is SQL before the first `-- name:` line.")
    names, queries = set(), {}
    seen: set[tuple[str, str | None]] = set()
    for name, mark, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        if (name, mark) in seen:
            raise ValueError(f"{origin}: query {name} stands there twice.")
        if mark not in (None, "sqlite", "mysql"):
            raise ValueError(f"{origin}: query {name} is marked [{mark}]; the marks are [mysql] and [sqlite].")
        seen.add((name, mark))
        names.add(name)
        if mark in (None, variant):
            queries[name] = _compile(name, _single_statement(body, f"{origin}: query {name}"), variant)
    for name in names:
        if name not in queries or ((name, None) in seen and (name, variant) in seen):
            raise ValueError(f"{origin}: query {name} needs one text for {variant}, marked or for both.")
    return QuerySet(origin, queries)


def split_statements(script: str) -> Iterator[str]:
    """Yield the statements of a script without line comments and without the `;` that ends each."""
    statement: list[str] = []
    end = 0
    for token in _TOKEN.finditer(script):
        statement.append(script[end : token.start()])
        end = token.end()
        if token.lastgroup == "end":
            if text := "".join(statement).strip():
                yield text
            statement.clear()
        elif token.lastgroup != "note":
            statement.append(token[0])
    if text := "".join([*statement, script[end:]]).strip():
        yield text


def _single_statement(body: str, where: str) -> str:
    """Return the one statement of a block."""
    statements = list(split_statements(body))
    if len(statements) != 1 or not re.search(r";\s*(?:--[^\n]*\s*)*\Z", body):
        raise ValueError(f"{where} must be one statement that ends with `;`.")
    if _NOT_IN_LIST.search(statements[0]):
        raise ValueError(f"{where}: NOT IN of a list would never be true for an empty one.")
    return statements[0]


def _compile(name: str, statement: str, variant: Variant) -> Query:
    """Rewrite a statement in the driver's notation."""
    if variant == "sqlite":
        text, order, lists = _rewrite(statement, ":{}", percent="%")
        return Query(name=name, text=text, lists=lists, order=order, _mark=":{}")
    text, order, lists = _rewrite(statement, "%({})s", percent="%%")
    prepared = None
    if not lists and not _OPTIONAL_FILTER.search(statement):
        prepared = _rewrite(statement, "%s", percent="%%")[0]
    return Query(name=name, text=text, lists=lists, order=order, prepared=prepared, batch=_split_insert(text))


def _rewrite(statement: str, mark: str, *, percent: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return text, parameters in order, and lists, which keep their `:name...` until they are rendered."""
    pieces: list[str] = []
    order: list[str] = []
    lists: dict[str, None] = {}
    end = 0
    for token in _TOKEN.finditer(statement):
        pieces.append(statement[end : token.start()].replace("%", percent))
        end = token.end()
        parameter = token["parameter"]
        if parameter is None:
            pieces.append(" " if token.lastgroup == "space" else token[0].replace("%", percent))
            continue
        order.append(parameter)
        if token["list"]:
            lists[parameter] = None
            pieces.append(token[0])
        else:
            pieces.append(mark.format(parameter))
    pieces.append(statement[end:].replace("%", percent))
    return "".join(pieces), tuple(order), tuple(lists)


def _split_insert(text: str) -> tuple[str, str, str] | None:
    """Cut `INSERT … VALUES (…) …` around its row, None where a row cannot be repeated."""
    values = _VALUES.search(text)
    if values is None:
        return None
    depth = 0
    for token in re.finditer(r"'(?:[^']|'')*'|%\(\w+\)s|[()]", text[values.end() :]):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0:
            cut = values.end() + token.end()
            head, row, tail = text[: values.end()], text[values.end() : cut], text[cut:]
            is_repeatable = "%(" in row and "%(" not in head + tail
            return (head % {}, row, tail % {}) if is_repeatable else None
    return None
