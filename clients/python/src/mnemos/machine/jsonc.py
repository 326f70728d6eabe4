"""Edits JSON with comments: adds or removes entries of a list, and changes no other byte."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

_TOKEN = re.compile(
    r"(?P<blank>\s+|//[^\n]*|/\*.*?\*/)"
    r'|(?P<string>"(?:[^"\\\n]|\\.)*")'
    r'|(?P<mark>[{}\[\]:,])|(?P<word>[^\s{}\[\]:,"/]+)',
    re.DOTALL,
)
_INDENT = "  "


class NotJson(ValueError):
    """The text isn't JSON, with or without comments."""


class _Token(NamedTuple):
    text: str
    start: int
    end: int


class _Span(NamedTuple):
    """A value in the text; `key_start` is the start of its key in an object, or else its own."""

    key: str
    key_start: int
    start: int
    end: int


def parse(text: str) -> Any:
    """Return the value of JSON with comments and trailing commas.

    Raises:
        NotJson: the text is invalid.
    """
    tokens = _read_tokens(text)
    kept = [
        token.text
        for index, token in enumerate(tokens)
        if not (token.text == "," and _is_needless(tokens, index))
    ]
    try:
        return json.loads(" ".join(kept))
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def add_entry(text: str, key: str, entry: Any) -> str:
    """Add an entry to the end of the list under this key of the outermost object.

    Raises:
        NotJson: the text isn't an object, or the value of the key isn't a list.
    """
    if not isinstance(parse(text), dict):
        raise NotJson("it isn't an object")
    value = json.dumps(entry, ensure_ascii=False)
    members = _read_items(text, 0)
    found = next((member for member in members if member.key == key), None)
    if found is None:
        return _add_item(text, 0, f"{json.dumps(key)}: [{value}]")
    if text[found.start] != "[":
        raise NotJson(f"{key!r} isn't a list")
    return _add_item(text, found.start, value)


def remove_entries(text: str, key: str, entries: list[Any], *, with_key: bool = False) -> str:
    """Remove these entries from the list under a key; `with_key`: the key too if the list is empty then."""
    if not isinstance(parse(text), dict):
        raise NotJson("it isn't an object")
    while True:
        member = next((item for item in _read_items(text, 0) if item.key == key), None)
        if member is None or text[member.start] != "[":
            return text
        items = _read_items(text, member.start)
        index = next(
            (i for i, item in enumerate(items) if parse(text[item.start : item.end]) in entries), None
        )
        if index is not None:
            text = _remove_item(text, items, index)
            continue
        if with_key and not items:
            members = _read_items(text, 0)
            return _remove_item(text, members, members.index(member))
        return text


def _read_tokens(text: str, start: int = 0) -> list[_Token]:
    tokens, at = [], start
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotJson(f"unexpected {text[at]!r} in line {text.count(chr(10), 0, at) + 1}")
        if match.lastgroup != "blank":
            tokens.append(_Token(match[0], match.start(), match.end()))
        at = match.end()
    return tokens


def _is_needless(tokens: list[_Token], index: int) -> bool:
    """Return whether a comma follows the last value of a list or an object."""
    around = tokens[index - 1 : index] + tokens[index + 1 : index + 2]
    return len(around) == 2 and around[0].text not in ("[", "{", ",") and around[1].text in ("]", "}")  # noqa: PLR2004


def _read_items(text: str, start: int) -> list[_Span]:
    """Return the items of the object or list that begins at or after `start`, one level deep."""
    tokens = _read_tokens(text, start)
    items: list[_Span] = []
    depth = 0
    first: _Token | None = None
    key: _Token | None = None
    previous: _Token | None = None
    for token in tokens:
        if depth == 1 and token.text in (",", "]", "}"):
            if first is not None:
                items.append(_make_span(key, first, previous or first))
            first, key = None, None
            if token.text != ",":
                return items
        elif depth == 1 and token.text == ":":
            key, first = first, None
        elif depth >= 1 and first is None:
            first = token
        depth += (token.text in ("[", "{")) - (token.text in ("]", "}"))
        previous = token
    return items


def _make_span(key: _Token | None, first: _Token, last: _Token) -> _Span:
    name = json.loads(key.text) if key else ""
    return _Span(name, (key or first).start, first.start, last.end)


def _add_item(text: str, start: int, item: str) -> str:
    """Add an item after the last one, on a line of its own if the last one has its own line."""
    items = _read_items(text, start)
    opening = _read_tokens(text, start)[0]
    if not items:
        is_object = opening.text == "{"
        inner = f"\n{_INDENT}{item}\n" if is_object else item
        return text[: opening.end] + inner + text[opening.end :].lstrip(" \t\r\n")
    last = items[-1]
    rest = text[last.end :]
    line = re.match(r"(?P<comma>\s*,)?(?P<tail>[ \t]*(?://[^\n]*|/\*[^\n]*?\*/)?[ \t]*)(?=\r?\n)", rest)
    before = text[: last.key_start].rpartition("\n")[2]
    if line is None or before.strip() or (line["comma"] or "").count("\n"):
        return f"{text[: last.end]}, {item}{rest}"
    comma = line["comma"] or ","
    end = "," if line["comma"] else ""
    new_line = "\r\n" if rest.startswith("\r", line.end()) else "\n"
    return f"{text[: last.end]}{comma}{line['tail']}{new_line}{before}{item}{end}{rest[line.end() :]}"


def _remove_item(text: str, items: list[_Span], index: int) -> str:
    """Remove an item, its comma, and its line if it has its own line."""
    begin, end = items[index].key_start, items[index].end
    following = re.match(r"\s*,", text[end:])
    if following:
        end += following.end()
    elif index > 0:
        comma = text.index(",", items[index - 1].end)
        text, begin, end = text[:comma] + text[comma + 1 :], begin - 1, end - 1
    line_start = text.rfind("\n", 0, begin) + 1
    line_end = re.match(r"[ \t]*(\r?\n|$)", text[end:])
    if not text[line_start:begin].strip() and line_end:
        return text[:line_start] + text[end + line_end.end() :]
    if following and text[end:].lstrip(" \t")[:1] not in ("]", "}"):
        return text[:begin] + text[end:].lstrip(" \t")
    return text[:begin].rstrip(" \t") + text[end:]
