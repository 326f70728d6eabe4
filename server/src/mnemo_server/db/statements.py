"""SQL text: splits statements, expands fragments, and writes parameters in a driver's notation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

#: The parts of SQL to distinguish: quoted, line comment, block comment, parameter, fragment, end, space.
_TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"[^"]*"|`[^`]*`)
      | (?P<note>--[^\n]*)
      | (?P<block>/\*.*?\*/)
      | (?<![:\w]):(?P<parameter>[a-z_][a-z0-9_]*)(?P<list>\.\.\.)?
      | \{(?P<fragment>[a-z_][a-z0-9_]*)\}
      | (?P<end>;)
      | (?P<space>\s+)""",
    re.VERBOSE | re.DOTALL,
)
_VALUES = re.compile(r"\bVALUES\s*(?=\()", re.IGNORECASE)


def split_statements(script: str) -> Iterator[str]:
    """Yield the statements of a script, without line comments and without the final `;` of each."""
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


def has_end(text: str) -> bool:
    """Return whether a text contains a `;` that ends a statement."""
    return any(token.lastgroup == "end" for token in _TOKEN.finditer(text))


def find_fragments(text: str) -> set[str]:
    """Return the names of the fragments that a text uses as `{name}`."""
    return {token["fragment"] for token in _TOKEN.finditer(text) if token.lastgroup == "fragment"}


def expand_fragments(text: str, fragments: Mapping[str, str]) -> str:
    """Return a text with each `{name}` replaced by its fragment.

    Raises:
        KeyError: there is no fragment of this name.
    """
    return _TOKEN.sub(
        lambda token: fragments[token["fragment"]] if token.lastgroup == "fragment" else token[0], text
    ).strip()


def rewrite(statement: str, mark: str, *, percent: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Rewrite a statement with a driver's marks for parameters and its notation for a percent sign.

    Return the text, the parameters in order, and the lists, which keep their `:name...` until they are
    rendered.
    """
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


def split_insert(text: str) -> tuple[str, str, str] | None:
    """Split `INSERT … VALUES (…) …` into head, row and tail; None if the row can't be repeated."""
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
