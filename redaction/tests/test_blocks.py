"""Private blocks, and private keys as blocks of text."""

from __future__ import annotations

import base64
import json
import random

import pytest
from mnemos_redaction import redact

from tests.support.secret_maker import find_leak

KEY = b"a key of this installation"
BODY = base64.b64encode(random.Random(5).randbytes(600)).decode()
LINES = "\n".join(BODY[at : at + 64] for at in range(0, len(BODY), 64))


def hide(text: str) -> str:
    """Redact, and leave out the fingerprints."""
    redacted = redact(text, KEY)
    shown = redacted.text
    for finding in redacted.findings:
        shown = shown.replace(f"[redacted:{finding.kind}:{finding.fingerprint}]", f"({finding.kind})")
    return shown


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("a <private>b</private> c", "a (private) c"),
        ("a <private>\nb\n\nc</private> d", "a (private) d"),
        ("a <PRIVATE>b</Private> c", "a (private) c"),
        ('a <private reason="mine">b</private> c', "a (private) c"),
        ("a <private>b <private>c</private> d</private> e", "a (private) e"),
        ("a <private>b</private> c <private>d</private> e", "a (private) c (private) e"),
        ("a <private>b\nc", "a (private)"),
        ("a <private>b <private>c</private> d", "a (private)"),
        ("a </private> b", "a </private> b"),
        ("a <private>b</private> c </private> d", "a (private) c </private> d"),
        ("a <private/> b", "a <private/> b"),
        ("a word<private>b</private> c", "a word(private) c"),
        ("a \\u003cprivate\\u003eb\\u003c/private\\u003e c", "a (private) c"),
        ("a &lt;private&gt;b&lt;/private&gt; c", "a (private) c"),
        ("<private>password=sunn1day</private>", "(private)"),
        ("put it into `<private>` tags", "put it into `<private>` tags"),
        ("Local<Private> value", "Local<Private> value"),
        ("#include <private.h> and <privateer>", "#include <private.h> and <privateer>"),
    ],
)
def test_private_blocks_go_with_their_tags(text: str, hidden: str):
    assert hide(text) == hidden


@pytest.mark.parametrize(
    "name",
    [
        *("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"),
        "PGP PRIVATE KEY BLOCK",
    ],
)
def test_a_private_key_goes_with_the_lines_around_it(name: str):
    block = f"-----BEGIN {name}-----\n{LINES}\n-----END {name}-----"
    assert hide(f"before\n{block}\nafter") == "before\n(private_key)\nafter"
    assert hide(json.dumps({"key": block, "b": 2})) == '{"key": "(private_key)", "b": 2}'
    assert (
        hide(f"key: |\n  {block.replace(chr(10), chr(10) + '  ')}\nb: 2") == "key: |\n  (private_key)\nb: 2"
    )


def test_headers_in_a_private_key_go_too():
    block = f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\n{LINES}"
    assert hide(f"{block}\n-----END RSA PRIVATE KEY-----\nafter") == "(private_key)\nafter"
    assert hide(f"{block}\n\nafter it all") == "(private_key)\n\nafter it all"


@pytest.mark.parametrize(
    "end", ["", "\n", "\nand then it broke off", '", "b": 2}', "\r\nafter", "\n\nafter\n", ") leaked"]
)
@pytest.mark.parametrize("length", [len(LINES), len(LINES) - 70, 200, 96])
def test_a_private_key_that_is_cut_off_leaves_nothing(end: str, length: int):
    text = f"log: -----BEGIN PRIVATE KEY-----\n{LINES[:length]}{end}"
    shown = hide(text)
    assert find_leak(BODY, shown.replace("\n", "")) is None
    assert shown.startswith("log: (private_key)")
    assert shown.endswith(end)


def test_a_private_key_in_one_line_is_found_without_its_end():
    assert hide(f"K=-----BEGIN PRIVATE KEY----- {LINES.replace(chr(10), ' ')}") == "K=(private_key)"


def test_a_key_in_a_diff_a_comment_and_a_string_over_lines_is_found():
    for around in ("+{}", "# {}", '    "{}\\n" +', "> {}"):
        block = ["-----BEGIN PRIVATE KEY-----", *LINES.split("\n")]
        shown = hide("\n".join(around.format(line) for line in block))
        assert find_leak(BODY, shown) is None, around


def test_a_putty_key_loses_its_private_lines():
    public = "PuTTY-User-Key-File-2: ssh-rsa\nPublic-Lines: 1\nAAAAB3Nz\n"
    shown = hide(f"{public}Private-Lines: 13\n{LINES}\nPrivate-MAC: {'ab' * 20}\n")
    assert shown == f"{public}(private_key)\n"


def test_a_private_key_encoded_once_more_is_found():
    encoded = base64.b64encode(f"-----BEGIN EC PRIVATE KEY-----\n{LINES}".encode()).decode()
    assert hide(f"tls.key: {encoded}\n") == "tls.key: (private_key)\n"


def test_certificates_and_public_keys_stay():
    for name in ("CERTIFICATE", "PUBLIC KEY", "RSA PUBLIC KEY", "PGP PUBLIC KEY BLOCK", "PGP SIGNATURE"):
        text = f"-----BEGIN {name}-----\n{LINES}\n-----END {name}-----\n"
        assert hide(text) == text
        encoded = base64.b64encode(text.encode()).decode()
        assert hide(f"tls.crt: {encoded}\n") == f"tls.crt: {encoded}\n"


def test_a_private_key_that_another_one_follows_ends_before_it():
    block = f"-----BEGIN PRIVATE KEY-----\n{LINES}"
    assert hide(f"{block}\n{block}\n\nafter") == "(private_key)\n(private_key)\n\nafter"


def test_the_name_of_a_block_alone_is_no_key():
    for text in (
        'if line == "-----BEGIN RSA PRIVATE KEY-----":',
        "It begins with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----.",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    ):
        assert hide(text) == text
