"""Dumps: output of programs and encoded data, pasted without a comment."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from mnemos.hooks.capture.guard.printed import CODE, OUTPUT, PRINTED
from mnemos.hooks.capture.guard.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Characters of the shortest dump; shorter texts take little space, and may be what matters.
_SHORTEST = 500
#: Characters that are examined; people write their comment at the beginning or the end.
_LOOKED_AT = 12_000
#: A line of generated code or data: longer than this, with a smaller share of words.
_LONG_LINE = 300
_FEWEST_WORDS = 0.4
#: Share of digits in a line above which it is a row of a table or of a log.
_MANY_DIGITS = 0.25
#: Minimum share of a text that must look like output; then the word counts that make one of the other lines a
#: sentence: near the ends of the text, elsewhere, and the number of typical words that excludes output.
_MIN_OUTPUT = 0.6
_MIN_WORDS = 3
_MANY_WORDS = 5
_MANY_SENTENCE_WORDS = 4
#: For a line to be worded: minimum share of plain words among its parts, maximum share of signs among its
#: characters.
_MIN_PLAIN = 0.5
_MANY_SIGNS = 0.2
_PLAIN_SIGNS = " \t.,;:!?'\"()-\u2019\u201c\u201d\u201e\u2026\u2013\u2014"
#: Lines at the beginning and at the end of a paste in which people say why they pasted it.
_ENDS = 3
#: Share of lines of source code above which a text is code, which may be what the message is about.
_MUCH_CODE = 0.25
_MIN_IDEOGRAPHS = 6
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: What a program may print before each of its lines: a process, a level, a file. People put dates, numbers,
#: words and names before theirs: "TODO: …", "[Ada] …".
_PREFIX = re.compile(
    r"==\d+==|\[(?:[a-z]{3,}|[A-Z]{3,}|[\w.-]*\d[\w.:-]*)\]"
    r"|(?=\S*[^\W\d_])[^\s:|=]*(?:[/_]|\w\.[a-z])[^\s:|=]{0,80}[:|=]"
)
#: Minimum number of lines with the same prefix for it to be a program's.
_MANY_ALIKE = 3
#: A sentence follows at most one space, or the marks of a list or of a quotation.
_BEGINS_SENTENCE = re.compile(
    r"[ ]?(?:[*>-] |\d{1,2}[.)] |[(\"'\u201c\u201e\u00ab\u00bf\u00a1@#/`]{0,2})[^\W\d_]"
)
_PLAIN_WORD = re.compile(
    r"[(\"'\u201e\u201c]?[^\W\d_]+(?:['\u2019-][^\W\d_]+)*[.,;:!?)\"'\u201c\u201d\u2026]*"
)
_WORD = re.compile(r"(?<![\w/.:=$-])[^\W\d_]{1,24}(?:['\u2019-][^\W\d_]{1,20})*(?![\w/=(\[{:]|\.\w)")
_SENTENCE_WORDS = WORDS["sentences"]


def is_dump(role: str, content: str) -> bool:
    """Return whether a text is long, looks mostly like output, and contains no sentence.

    A list of files and names from a model has a meaning, so the criteria for its lines are stricter.
    """
    if len(content) < _SHORTEST:
        return False
    if _is_json(content):
        return True
    text = content
    if len(content) > _LOOKED_AT:
        text = "\n".join((content[: _LOOKED_AT // 2], content[-_LOOKED_AT // 2 :]))
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("```")]
    is_diff = any(line.startswith("@@ -") for line in lines)
    is_code = role != "user" or _is_code(lines)
    prefixes = _find_prefixes(lines)
    output = {
        line
        for line in lines
        if _is_output(line)
        or _read_prefix(line) in prefixes
        or (is_diff and line[0] in " +-")
        or not (is_code or _is_worded(line))
    }
    if sum(len(line) for line in lines if line in output) < _MIN_OUTPUT * sum(map(len, lines)):
        return False
    ends = {*lines[:_ENDS], *lines[-_ENDS:]}
    return not any(_is_sentence(line, is_end=line in ends) for line in lines if line not in output)


def _is_code(lines: Sequence[str]) -> bool:
    return sum(bool(CODE.match(line.strip())) for line in lines) > _MUCH_CODE * len(lines)


def _find_prefixes(lines: Sequence[str]) -> set[str]:
    """Return the prefixes of several lines that no list by a person has, such as `==123==` or `[info]`."""
    counts = Counter(map(_read_prefix, lines))
    return {prefix for prefix, count in counts.items() if prefix and count >= _MANY_ALIKE}


def _read_prefix(line: str) -> str:
    """Return the first part of a line, with numbers as 0, if people don't write such prefixes; else ""."""
    part = line.split(maxsplit=1)[0]
    return re.sub(r"\d+", "0", part) if _PREFIX.fullmatch(part) else ""


def _is_json(content: str) -> bool:
    """Return whether a text is one JSON object or list; a long one is judged line by line."""
    text = content.strip()
    if len(text) > _LOOKED_AT or (text[0], text[-1]) not in (("{", "}"), ("[", "]")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_output(line: str) -> bool:
    """Return whether a program prints such lines; people also write "Checking the log, I found …"."""
    if PRINTED.match(line.lstrip()):
        return True
    if OUTPUT.match(line):
        return _count_sentence_words(line) < _MANY_SENTENCE_WORDS
    characters = line.replace(" ", "")
    if sum(map(str.isdigit, characters)) > _MANY_DIGITS * len(characters):
        return True
    if len(line) <= _LONG_LINE or len(_IDEOGRAPH.findall(line[:_LONG_LINE])) > _MIN_IDEOGRAPHS:
        return False
    return sum(map(len, _WORD.findall(line))) < _FEWEST_WORDS * len(line)


def _is_worded(line: str) -> bool:
    """Return whether a line consists mostly of words, whatever they mean."""
    if len(_IDEOGRAPH.findall(line)) >= _MIN_IDEOGRAPHS:
        return True
    signs = sum(not (character.isalnum() or character in _PLAIN_SIGNS) for character in line.strip())
    parts = line.split()
    words = sum(bool(_PLAIN_WORD.fullmatch(part)) for part in parts)
    return signs < _MANY_SIGNS * len(line.strip()) and words > _MIN_PLAIN * len(parts)


def _is_sentence(line: str, *, is_end: bool) -> bool:
    """Return whether a person may have written this line; programs print sentences amid their output too."""
    if len(_IDEOGRAPH.findall(line)) >= _MIN_IDEOGRAPHS:
        return True
    if not _BEGINS_SENTENCE.match(line):
        return False
    count = len(_WORD.findall(line))
    if not is_end:
        return count >= _MANY_WORDS and _count_sentence_words(line) > 1
    return count >= _MANY_WORDS or (count >= _MIN_WORDS and _count_sentence_words(line) > 0)


def _count_sentence_words(line: str) -> int:
    return sum(word.lower() in _SENTENCE_WORDS for word in _WORD.findall(line))
