"""What stands where a secret would, and is none: `<your-key>`, `${TOKEN}`, `xxxx`, `changeme`."""

from __future__ import annotations

from typing import Final

from mnemos_redaction.assignments.vocabulary import ALGORITHMS, EMPTY_WORDS
from mnemos_redaction.lazy_patterns import make_pattern

_FEW_DIFFERENT: Final = 2  # characters that a mask such as `*****` or `x.x.x` is made of
#: Parts that no secret has; in lower case.
_ELIDED: Final = (
    *("...", "\u2026", "***", "\u2022\u2022\u2022", "xxxx", "00000000", "12345678", "abcdefgh"),
    *("example", "changeme", "placeholder", "redacted", "dummy", "your-", "your_", "replace-", "replace_"),
    *("replaceme", "insert-", "insert_", "not-real", "not_real", "not-a-real", "notreal"),
)
#: What a value of letters holds that only says that it is a secret.
_SAYS_SECRET: Final = ("password", "passwd", "passphrase", "secret", "token")
#: Templates of shells, web pages, Python and printf; those that are all of a value, and those within one.
_TEMPLATE: Final = make_pattern(
    r"\$\{|\{\{|\$\(|#\{|<%[= ]|\$[A-Za-z_]\w*$|%[A-Za-z_]\w*%$|\{.{0,64}\}$|(?:[:/@ -]*%[sdrv])+$|@\w+@$"
    r"|<[^<>]*>|&(?:lt|#60|#x3c);|\[[A-Za-z][^\]]*\]$"
)
_INSERTED: Final = make_pattern(
    r"\$\{[^}]{0,200}\}|\{\{[^}]{0,200}\}\}|\$\([^)]{0,200}\)|%\(\w{1,64}\)s|\{[a-z_][a-z_.]{2,64}\}"
    r"|(?<![A-Za-z0-9])%[sdrv](?![A-Za-z0-9])"
)
#: Where a secret is, or which version a package has that is called after secrets.
_REFERENCE: Final = make_pattern(
    r"(?i:[a-z][a-z0-9+.-]{1,20}://|arn:[a-z]|vault:|ref\+|env:|file:)"
    r"|[\^~<>=v]{0,3}\d+(?:\.\d+){1,3}(?:[-+.][\w.+-]*)?$"
)
#: Regular expressions, and manual pages in source.
_NOTATION: Final = make_pattern(r"\(\?[:=!P]|\[\^?(?:a-z|A-Z|0-9|\\)|\\[wsdbS](?![a-z])|\\f[BIRP]|\\\*\(|\\&")
_WORD: Final = make_pattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+")


def is_placeholder(value: str) -> bool:
    """Whether a value obviously stands for a secret rather than being one."""
    if len(set(value)) <= _FEW_DIFFERENT or _TEMPLATE.match(value) or _REFERENCE.match(value):
        return True
    lowered = value.lower()
    if any(map(lowered.__contains__, _ELIDED)) or _only_says_so(lowered):
        return True
    if ("{" in value or "(" in value or "%" in value) and _INSERTED.search(value):
        return True
    if ("\\" in value or "[" in value or "(" in value) and _NOTATION.search(value):
        return True
    return _consists_of_empty_words(value)


def _only_says_so(lowered: str) -> bool:
    """Whether a value of letters only says that it is a secret: `mypassword`, `not-a-secret`."""
    says_so = any(map(lowered.__contains__, _SAYS_SECRET))
    return says_so and lowered.replace("-", "").replace("_", "").isalpha()


def _consists_of_empty_words(value: str) -> bool:
    """Whether a value is made of words such as `my-secret-token` with at most one digit, or of algorithms."""
    digits = 0
    are_empty = are_algorithms = True
    for match in _WORD.finditer(value.lower() if value.isupper() else value):
        word = match[0].lower()
        if word.isdigit():
            digits += len(word)
            continue
        are_empty = are_empty and word in EMPTY_WORDS
        are_algorithms = are_algorithms and word in ALGORITHMS
        if not (are_empty or are_algorithms):
            return False
    has_letters = digits < len(value)
    return has_letters and (are_algorithms or (are_empty and digits <= 1))
