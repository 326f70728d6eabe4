"""Dumps: output of programs and encoded data that somebody pasted without a word."""

from __future__ import annotations

import re

from mnemos.hooks.guard.words import WORDS

#: Shorter ones take no room, and may be what matters.
_SHORTEST = 500
#: Only so much is looked at; what somebody says stands at the beginning or the end.
_LOOKED_AT = 12_000
#: A line of code or data of a machine: long, and with few words.
_LONG_LINE = 300
_FEWEST_WORDS = 0.4
#: Share of the characters of a line from which on it is a row of a table or of a log.
_MANY_DIGITS = 0.25
#: Share of a text that must look like output, and of the rest, like sentences at most.
_MIN_OUTPUT = 0.6
_MIN_WORDS = 3
_MANY_SENTENCE_WORDS = 4
_MIN_IDEOGRAPHS = 6
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: Lines as programs print them.
_OUTPUT = re.compile(
    r"""\s*(?:
    \[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[?\d\d:\d\d:\d\d|[A-Z][a-z]{2}\ [ \d]?\d\ \d\d:\d\d:\d\d  # times
    |[IWEF]\d{4}\ \d\d:\d\d
    |\[\d\d:\d\d:\d\d\]|\[(?:[\w.+/-]{1,24}/)?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL)\]
    |(?:npm|yarn|pnpm)\ (?:WARN|ERR!|notice|info|error|warning)
    |(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL)[\s:]|(?:level|lvl|severity|ts|time|msg)=\S
    |(?:warning|error|note|info|debug)(?:\[\w+\])?:\s
    |at\ [\w.$<>\[\]/\ ]{1,120}\ ?\(.{0,200}\)|at\ \S{1,200}:\d+:\d+
    |File\ ".{1,200}",\ line\ \d+|\.{3}\ \d+\ more
    |Traceback\ \(most\ recent|\w*(?:Error|Exception):\ |return\ self\.\w+\(.{0,80}\)$
    |diff\ --git\ |index\ [0-9a-f]{6,}|(?:---|\+\+\+)\ \S|@@\ -\d
    |[bcdlps-][rwxsStT-]{9}|total\ \d+$
    |[\u2502\u251c\u2514\u2500\s|`+]{3,}\s?\S{1,100}$
    |\S{0,40}(?:/[\w.@+-]{1,80}){2,20}/?$|[\w./+@-]{1,120}:\d{1,6}(?::\d{1,5})?:\s
    |(?:Compiling|Downloading|Downloaded|Installing|Unpacking|Fetching|Building|Linking|Checking|Collecting
        |Using\ cached|Get:\d+|Selecting|Preparing|Setting\ up|Requirement\ already
        |Pulling|Step\ \d|Running|Finished|Extracting)\b
    |\S{1,200}\s+(?:PASSED|FAILED|SKIPPED|ERROR|ok|FAIL)\b
    |(?:PASS|FAIL|ok|not\ ok|\u2713|\u2717|\u2714|\u2716)\s
    |[0-9a-f]{6,16}[:\s]\s?(?:[0-9a-f]{2,4}\s){4,}
    |.{0,80}[\u2588\u2591\u2592\u2593\u2501\u25a0]{2,}|.{0,80}\[[\#=>.\s-]{8,}\]|\s{0,6}\d{1,3}%[|\s]
    |[\w+/=-]{40,}$
    |[\[\]{}(),;]+$
    )""",
    re.VERBOSE,
)
_WORD = re.compile(r"(?<![\w/.:=$-])[^\W\d_]{1,24}(?:['\u2019-][^\W\d_]{1,20})*(?![\w/=(\[{:]|\.\w)")
_SENTENCE_WORDS = WORDS["sentences"]


def is_dump(content: str) -> bool:
    """Whether a text is long, looks like output for the most part, and holds no sentence."""
    if len(content) < _SHORTEST:
        return False
    text = content
    if len(content) > _LOOKED_AT:
        text = "\n".join((content[: _LOOKED_AT // 2], content[-_LOOKED_AT // 2 :]))
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("```")]
    is_diff = any(line.startswith("@@ -") for line in lines)
    output = [line for line in lines if _is_output(line) or (is_diff and line[0] in " +-")]
    if sum(map(len, output)) < _MIN_OUTPUT * sum(map(len, lines)):
        return False
    printed = set(output)
    return not any(_is_sentence(line) for line in lines if line not in printed)


def _is_output(line: str) -> bool:
    """Whether a program prints such lines. People begin as one does too: "Checking the log, I found …"."""
    if _OUTPUT.match(line):
        return _count_sentence_words(line) < _MANY_SENTENCE_WORDS
    characters = line.replace(" ", "")
    if sum(map(str.isdigit, characters)) > _MANY_DIGITS * len(characters):
        return True
    if len(line) <= _LONG_LINE or len(_IDEOGRAPH.findall(line[:_LONG_LINE])) > _MIN_IDEOGRAPHS:
        return False
    return sum(map(len, _WORD.findall(line))) < _FEWEST_WORDS * len(line)


def _is_sentence(line: str) -> bool:
    """Whether a person may have written this line."""
    if len(_IDEOGRAPH.findall(line)) >= _MIN_IDEOGRAPHS:
        return True
    return len(_WORD.findall(line)) >= _MIN_WORDS and _count_sentence_words(line) > 0


def _count_sentence_words(line: str) -> int:
    return sum(word.lower() in _SENTENCE_WORDS for word in _WORD.findall(line))
