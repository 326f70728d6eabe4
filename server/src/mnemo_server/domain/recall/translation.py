"""Word for word translation of prompts into English, by glossaries of developers' everyday words.

The local model reads English only. A prompt in another language is turned into the English words that a
glossary has for it, which is enough to compare it with English notes: grammar plays no part.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

#: Languages with a glossary, and for those in Latin script words that show the language.
LANGUAGES: Final = ("zh", "de", "es", "fr", "pt", "ja", "ru")
_FUNCTION_WORDS: Final[Mapping[str, frozenset[str]]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": (
            "the a an of to and is are it that this for with in on not from when be by or we i you do "
            "does did at as so they these those how what why which who one after before no but if "
            "then can could should would"
        ),
        "de": (
            "der die das den dem des ein eine einen einer und oder ist sind wird nicht auch bitte mit "
            "für im am vom zum zur auf aus bei nach noch wie was wo wenn dann dass ich wir uns es "
            "sich bis ob"
        ),
        "es": (
            "el la los las un una de del al que y o en con para por es son no se lo su como cuando si "
            "ya esta este hay qué cómo cuál nos"
        ),
        "fr": (
            "le la les un une des du de et ou en avec pour par est sont ne pas que qui dans sur ce "
            "cette nous vous il on au aux quel quelle où"
        ),
        "pt": (
            "o a os as um uma de do da dos das e ou em no na com para por é são não que se como "
            "quando já isso esta este qual nos ao"
        ),
    }.items()
}
_CJK: Final = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_KANA: Final = re.compile(r"[\u3040-\u30ff]")
_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff]{2}")
_WORD: Final = re.compile(r"[\w:#-]*(?:[\d_/]|\.(?=\w))[\w./:#-]*|[^\W\d_]+(?:['-][^\W\d_]+)*|\S")
_LONGEST_PHRASE: Final = 4
_SHORTEST_PART: Final = 4
_LINKS: Final = ("", "s", "n", "es", "en", "e", "-")
_FEW_WORDS: Final = 2


@dataclass(frozen=True)
class Glossary:
    """English words by foreign form, in lower case."""

    language: str
    entries: Mapping[str, str]

    @classmethod
    def read(cls, language: str, lines: Iterable[str]) -> Glossary:
        """Read lines of a form, a tab and one or two English words."""
        pairs = (line.rstrip("\n").partition("\t") for line in lines)
        return cls(language, {form: english for form, _, english in pairs if english})

    @cached_property
    def folded(self) -> dict[str, str]:
        """The entries by their forms without accents."""
        return {fold(form): english for form, english in self.entries.items()}

    @cached_property
    def longest(self) -> int:
        """Length of the longest form, in characters."""
        return max(map(len, self.entries), default=0)

    def translate(self, text: str) -> str:
        """Return the text with every known word in English.

        Function words without an English word are left out, as are unknown words of Chinese and Japanese.
        """
        if self.language in ("zh", "ja"):
            return _CJK.sub(self._translate_run, text)
        return self._translate_words(text)

    def _translate_run(self, run: re.Match[str]) -> str:
        characters, words, place = run[0], [], 0
        while place < len(characters):
            for length in range(min(self.longest, len(characters) - place), 0, -1):
                english = self.entries.get(characters[place : place + length])
                if english is not None:
                    words.append(english)
                    place += length
                    break
            else:
                place += 1
        return f" {' '.join(words)} "

    def _translate_words(self, text: str) -> str:
        words = _WORD.findall(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
        translated, place = [], 0
        while place < len(words):
            for length in range(min(_LONGEST_PHRASE, len(words) - place), 0, -1):
                english = self._find(" ".join(words[place : place + length]))
                if english is not None:
                    translated.append(english)
                    place += length
                    break
            else:
                if words[place].lower() not in _FUNCTION_WORDS.get(self.language, ()):
                    translated.append(words[place])
                place += 1
        return " ".join(translated)

    def _find(self, form: str) -> str | None:
        """Return the English for a word or phrase, also without accents or as a compound; None if unknown."""
        form = form.lower()
        return self.entries.get(form) or self.folded.get(fold(form)) or self._split(form)

    def _split(self, word: str) -> str | None:
        """Return the English for a compound of two known words."""
        for at in range(len(word) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
            tail = self.folded.get(fold(word[at:]))
            if tail is None:
                continue
            for link in _LINKS:
                head = word[:at].removesuffix(link)
                if len(head) >= _SHORTEST_PART and fold(head) in self.folded:
                    return f"{self.folded[fold(head)]} {tail}"
        return None


def find_language(text: str) -> str | None:
    """Return the language of a text if it has a glossary; None for English and anything else."""
    if _CJK.search(text):
        return "ja" if _KANA.search(text) else "zh"
    if _CYRILLIC.search(text):
        return "ru"
    words = [word.lower() for word in _WORD.findall(text)]
    counts = {
        language: sum(word in function_words for word in words)
        for language, function_words in _FUNCTION_WORDS.items()
    }
    best = max(counts, key=lambda language: counts[language])
    return best if best != "en" and counts[best] >= _FEW_WORDS and counts[best] > counts["en"] else None


def fold(text: str) -> str:
    """Return a text in lower case without accents; German umlauts become two letters."""
    plain = text.lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
    return "".join(one for one in unicodedata.normalize("NFD", plain) if not unicodedata.combining(one))
