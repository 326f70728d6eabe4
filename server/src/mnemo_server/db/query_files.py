"""The blocks of a query file, one per header: queries and the fragments that they share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from mnemo_server.db.statements import expand_fragments, find_fragments, has_end, split_statements

Variant: TypeAlias = Literal["sqlite", "mysql"]

#: The file with the fragments that several files use.
SHARED: Final = "fragments"

_HEADER = re.compile(r"^-- (name|fragment):[ \t]*(\w+)[ \t]*(?:\[(\w+)\])?[ \t]*$", re.MULTILINE)
_NOT_IN_LIST = re.compile(r"\bNOT\s+IN\s*\(\s*:[a-z_][a-z0-9_]*\.\.\.", re.IGNORECASE)


class Block(NamedTuple):
    """One header with the text that follows it."""

    kind: str
    name: str
    mark: str | None
    body: str
    where: str
    """Names file and block in errors."""

    @property
    def is_query(self) -> bool:
        """Whether this is a query, and not a fragment."""
        return self.kind == "name"


def split_blocks(source: str, origin: str) -> list[Block]:
    """Split a file at its headers."""
    start, *parts = _HEADER.split(source)
    if list(split_statements(start)):
        raise ValueError(f"{origin}: there is SQL before the first `-- name:` line.")
    blocks: dict[tuple[str, str, str | None], Block] = {}
    for kind, name, mark, body in zip(*(parts[column::4] for column in range(4)), strict=True):
        where = f"{origin}: {'query' if kind == 'name' else kind} {name}"
        if (kind, name, mark) in blocks:
            raise ValueError(f"{where} is defined twice.")
        if mark not in (None, "sqlite", "mysql"):
            raise ValueError(f"{where} is marked [{mark}]; the marks are [mysql] and [sqlite].")
        blocks[kind, name, mark] = Block(kind, name, mark, body, where)
    return list(blocks.values())


def choose_blocks(blocks: Sequence[Block], variant: Variant) -> Iterator[Block]:
    """Yield the one block of each name that belongs to a variant."""
    texts: dict[tuple[str, str], list[Block]] = {}
    for block in blocks:
        texts.setdefault((block.kind, block.name), []).append(block)
    for named in texts.values():
        fitting = [block for block in named if block.mark in (None, variant)]
        if len(fitting) != 1:
            raise ValueError(f"{named[0].where} needs one text for {variant}, marked or for both.")
        yield fitting[0]


def fragment_text(block: Block) -> str:
    """Return the text of a fragment without its comments; only a marked fragment may be empty."""
    text = next(split_statements(block.body), "")
    if has_end(block.body):
        raise ValueError(f"{block.where} is a part of statements, so it contains no `;`.")
    if find_fragments(text):
        raise ValueError(f"{block.where} uses another fragment.")
    if not text and block.mark is None:
        raise ValueError(f"{block.where} is empty.")
    return text


def single_statement(block: Block, fragments: Mapping[str, str]) -> str:
    """Return the only statement of a block, with its fragments expanded."""
    statements = list(split_statements(block.body))
    if len(statements) != 1 or not re.search(r";\s*(?:--[^\n]*\s*)*\Z", block.body):
        raise ValueError(f"{block.where} must be one statement that ends with `;`.")
    try:
        statement = expand_fragments(statements[0], fragments)
    except KeyError as error:
        raise ValueError(
            f"{block.where} uses the fragment {error}, which is neither in this file nor in sql/{SHARED}.sql."
        ) from None
    if _NOT_IN_LIST.search(statement):
        raise ValueError(f"{block.where}: NOT IN of a list would never be true for an empty one.")
    return statement
