"""Fillers: words without content, and words with content only as an answer to a question."""

from __future__ import annotations

import re
from enum import Enum

from mnemos.hooks.capture.guard.host_texts import strip_stamp
from mnemos.hooks.capture.guard.words import WORDS

#: Longer texts have other content too.
_LONGEST_CHARACTERS = 120
_LONGEST_ASSISTANT_CHARACTERS = 140
#: A message asks something if a question mark is within this many characters of its end.
_ASKED_WITHIN = 400
_QUESTION_MARKS = "?\uff1f\u061f\u037e"
_PARTS = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


class Filler(Enum):
    """How little content a short text has."""

    EMPTY = "no letter, no digit"
    ALWAYS = "thanks, greetings, go on"
    UNLESS_ASKED = "yes, no, ok: an answer, if there was a question"


#: Phrases that turn a series of such words into a statement or an order.
_TELLING = re.compile(r"\b(?:do (?:that|both|all|them|the)|go with|that one|this one|is it)\b")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LONGEST_UNSPACED = 10
_PRAISE = "awesome|excellent|amazing|fantastic|brilliant|stellar|superb|solid|beautiful"
#: Phrases, each with a word of the same meaning; their single words could be part of orders ("keep it").
_PHRASES = (
    (re.compile(r"\b(?:thanks|thank you)(?: so much| a lot)? for (?:all )?(?:the|your) \w+"), "thanks"),
    (re.compile(rf"\b(?:good|great|nice|{_PRAISE}) (?:job|work|one|stuff)\b"), "nice"),
    (
        re.compile(r"\b(?:you're|you are|ur) (?:the best|a (?:star|legend|hero)|awesome|amazing|great)\b"),
        "nice",
    ),
    (re.compile(r"\bkeep (?:going|on)\b"), "continue"),
    (re.compile(r"\bi'll get right on it\b|\bwhile i go through everything\b"), "thanks"),
    (re.compile(r"\bi see\b|\bsee (?:you|ya)\b"), "bye"),
)
#: What a model says before it does something; its findings come later. No list contains names, numbers or
#: code, so an announcement that says what it is about is kept.
_OPENS_ANNOUNCEMENT = re.compile(
    r"(?:(?:ok(?:ay)?|sure|great|good|alright|right|yes|of course|certainly|got it|understood|perfect|done"
    r"|first|next|now|great question|good question"
    r"|(?:you're|you are) (?:absolutely |totally )?right)[,.!:]* ){0,2}"
    r"(?:let me|let's|i'll|i will|i'm going to|i am going to|i'm now|i need to|moving on|now to|time to)\b"
)
_NAMES_NOTHING = re.compile(r"[^\d`_/\\=<>{}\[\]#@$]*")
_ANSWERS = WORDS["answers"]
_USER_WORDS = _ANSWERS | WORDS["empty"] | WORDS["joining"]
_ASSISTANT_WORDS = _USER_WORDS | WORDS["polite"]
_ANNOUNCING_WORDS = WORDS["announcing"] | _ASSISTANT_WORDS


def judge_words(role: str, content: str) -> Filler | None:
    """Judge a text by its words alone; None if it has content."""
    text = strip_stamp(content.strip()).lower()
    if not any(map(str.isalnum, text)):
        return Filler.EMPTY
    longest = _LONGEST_CHARACTERS if role == "user" else _LONGEST_ASSISTANT_CHARACTERS
    if len(text) > longest:
        return None
    plain = text.replace("\u2019", "'")
    if role != "user" and _is_announcement(plain):
        return Filler.ALWAYS
    for phrase, word in _PHRASES:
        plain = phrase.sub(word, plain)
    words = _PARTS.findall(plain)
    known = _USER_WORDS if role == "user" else _ASSISTANT_WORDS
    words = [piece for word in words for piece in _split_unspaced(word, known)]
    if not known.issuperset(words) or (role == "user" and _TELLING.search(text)):
        return None
    if not _ANSWERS.isdisjoint(words):
        return Filler.UNLESS_ASKED
    return None if WORDS["joining"].issuperset(words) else Filler.ALWAYS


def _is_announcement(text: str) -> bool:
    """Return whether a model says that it will do something, but not what."""
    if not (_OPENS_ANNOUNCEMENT.match(text) and _NAMES_NOTHING.fullmatch(text)):
        return False
    return _ANNOUNCING_WORDS.issuperset(_PARTS.findall(text))


def _split_unspaced(word: str, known: frozenset[str]) -> list[str]:
    """Split a word of a script without spaces into known words, longest first."""
    if word.isascii() or word in known:
        return [word]
    pieces: list[str] = []
    start = 0
    while start < len(word):
        ends = range(min(len(word), start + _LONGEST_UNSPACED), start, -1)
        end = next((end for end in ends if word[start:end] in known), 0)
        if not end or not _UNSPACED.match(word[start]):
            return [word]
        pieces.append(word[start:end])
        start = end
    return pieces


def asks(content: str) -> bool:
    """Return whether a message has a question mark near its end."""
    end = content[-_ASKED_WITHIN:]
    return any(mark in end for mark in _QUESTION_MARKS)
