"""What stands where a secret would, and is none: `<your-key>`, `${TOKEN}`, `xxxx`, `changeme`."""

from __future__ import annotations

import re
from typing import Final

#: Words that a placeholder is made of. A value that holds nothing else is one.
_EMPTY_WORDS: Final = frozenset(
    # what it would be
    """
    access account admin anthropic api apikey app application auth authentication authorization aws azure basic
    bearer client code contrasena cookie cred credential credentials creds database db docker email github gitlab
    google guest host hostname id jwt kennwort key keys login minio mongo mongodb motdepasse mysql name openai
    pass passcode passphrase passwd passwort password pin postgres postgresql private public pw pwd rabbitmq
    redis root secret secrets senha server service session token tokens user username uuid
    """
    # that it is missing, or comes from elsewhere
    """
    any array blank bool boolean bytes char config default dict double empty env environ environment false field
    file fixme float input int integer list map missing na nil no none null number object off on option optional
    path prompt required secretstr settings str string tbd text todo true type undef undefined unknown unset url
    value values var variable void yes
    """
    # that it stands for another one
    """
    a abc an and another anything bad bar base baz be censored change changeit changeme clear cleartext correct
    current demo do dummy encrypted enter example fake fill first foo foobar for from generated goes good hashed
    hello here hidden in incorrect insert invalid is it like long masked me mock my new not of old omitted or
    other our placeholder plain plaintext previous protected put qux random raw real redacted removed replace
    right same sample second set snip some someone something strong stripped super test testing tests that the
    this to use using valid very weak whatever with world wrong xyz your
    """.split()
)
#: Names of algorithms and formats, which have digits.
_ALGORITHMS: Final = frozenset(
    """
    aes alpha argon base bcrypt beta cbc chacha ctr curve des dsa ecdh ecdsa ed eddsa es f float gcm hmac hs http i
    int jwe jws md oauth pbkdf pkcs poly ps rc rs rsa scram scrypt sha ssl tls u uint utf v x
    """.split()
)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+")
#: Parts that no secret has; in lower case.
_ELIDED: Final = (
    *("...", "\u2026", "***", "\u2022\u2022\u2022", "xxxx", "00000000", "12345678", "abcdefgh"),
    *("example", "changeme", "placeholder", "redacted", "dummy", "your-", "your_", "replace-", "replace_"),
    *("replaceme", "insert-", "insert_", "not-real", "not_real", "not-a-real", "notreal"),
)
_TEMPLATE: Final = re.compile(
    r"\$\{[^}]{0,200}\}|\{\{[^}]{0,200}\}\}|\$\([^)]{0,200}\)|%\(\w{1,64}\)s|\{[a-z_][a-z_.]{2,64}\}"
)
_WHOLE_TEMPLATE: Final = re.compile(
    r"\$\{|\{\{|\$\(|#\{|<%[= ]|\$[A-Za-z_]\w*$|%[A-Za-z_]\w*%$|\{.{0,64}\}$|%[sdrv]$|@\w+@$|<[^<>]*>|&lt;"
    r"|\[[A-Za-z][^\]]*\]$"
)
#: Regular expressions, and manual pages in source.
_NOTATION: Final = re.compile(r"\(\?[:=!P]|\[\^?(?:\w-\w|\\)|\\[wsdbS](?![a-z])|\\f[BIRP]|\\\*\(")
_FEW_DIFFERENT: Final = 2  # characters that a mask such as `*****` or `x.x.x` is made of


def is_placeholder(value: str) -> bool:
    """Whether a value obviously stands for a secret rather than being one."""
    if len(set(value)) <= _FEW_DIFFERENT or _WHOLE_TEMPLATE.match(value):
        return True
    lowered = value.lower()
    if any([part in lowered for part in _ELIDED]):  # a list, since that is quicker
        return True
    if ("{" in value or "(" in value) and _TEMPLATE.search(value):
        return True
    if ("\\" in value or "[" in value or "(" in value) and _NOTATION.search(value):
        return True
    return _consists_of_empty_words(value)


def _consists_of_empty_words(value: str) -> bool:
    """Whether a value is made of words such as `my-secret-token` and at most one digit, or of `hmac-sha256`."""
    digits = 0
    could_be_empty = could_be_algorithm = True
    for match in _WORD.finditer(value):
        word = match[0]
        if word.isdigit():
            digits += len(word)
        else:
            word = word.lower()
            could_be_empty = could_be_empty and word in _EMPTY_WORDS
            could_be_algorithm = could_be_algorithm and word in _ALGORITHMS
        if not could_be_algorithm and (not could_be_empty or digits > 1):
            return False
    return True
