"""No text is so contrived that redacting it takes long."""

from __future__ import annotations

import pytest
from mnemos_redaction import redact

from tests.support.growth import assert_linear

KEY = b"a key of this installation"
CHARACTERS = 200_000
PIECES = (
    *(
        "a",
        "0",
        "A1b2",
        "M",
        "eyJ",
        "eyJ-",
        "eyJaaaaaaaaaa.",
        "sk-",
        "ghp_",
        "xoxb-",
        "SG.aaaaaaaaaaaaaaaaaaaa.",
        "1:A",
    ),
    *(
        "password=",
        "password='",
        'password="',
        "pass:word ",
        "password=x9kQ2v",
        "\u0130password=",
        "token: ",
        "secret is ",
        "x password ",
        "key",
        "pw",
        "密码",
    ),
    *(
        "-----BEGIN",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n+++",
        "<private>",
        "</private>",
    ),
    *("://", "://a:", "postgres://a:", "a:b@tcp(", "https://abcdefghij0123456789", "cookie: a=", "cookie"),
    *(
        "authorization: bearer ",
        "bearer ",
        "curl -u a:b ",
        "mysql -p",
        " -p",
        "machine a.b login c password ",
    ),
    *(
        "identified by '",
        "a:5432:",
        "echo pass ",
        "LS0tLS1CRUdJTi",
        "\\",
        "'",
        "{",
        " ",
        "\n",
        "=",
        "&token=",
    ),
    "[redacted:password:3f9a12c4]",
)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(
    "before", ["", "password=", "-----BEGIN PRIVATE KEY-----\n"], ids=["", "name", "block"]
)
def test_redacting_takes_linear_time(before: str, piece: str):
    assert_linear(
        lambda text: redact(text, KEY), lambda length: before + piece * (length // len(piece)), CHARACTERS
    )


def test_a_secret_of_a_million_characters_is_taken_out_whole():
    for text in (f"password={'x1Y' * 300_000}", f"token='{'x1Y' * 2_000}'", "ghp_" + "aB3" * 300_000):
        assert "1Y" not in redact(text, KEY).text
        assert "B3" not in redact(text, KEY).text
