"""Secrets of every shape, made with a fixed seed, are found in whatever they stand."""

from __future__ import annotations

import json

import pytest
from mnemos_redaction import redact

from tests.support.secret_maker import SIGNED, WORD, SecretMaker, find_leak

KEY = b"a key of this installation"
SHAPES = tuple(SecretMaker(0).shapes)

CONTEXTS = {
    "nothing else": lambda text: text,
    "prose": lambda text: f"Yesterday we changed it, and the new one is {text}, so use that.",
    "parentheses": lambda text: f"what I saw ({text}) was odd",
    "inline code": lambda text: f"set it to `{text}` on staging",
    "json": lambda text: json.dumps({"level": "info", "message": text, "line": 3}),
    "json in json": lambda text: json.dumps(json.dumps({"message": text, "line": 3})),
    "json in json in json": lambda text: json.dumps(json.dumps(json.dumps({"message": text}))),
    "a json string of lines": lambda text: json.dumps(f"first\n{text}\nlast"),
    "html": lambda text: f"<td>{text}</td>",
    "an env file": lambda text: f"A=1\nVALUE={text}\nB=2\n",
    "a shell export": lambda text: f"export VALUE='{text}'\n./start\n",
    "yaml": lambda text: f"a:\n  value: {text}\n  b: 2\n",
    "quoted yaml": lambda text: f'a:\n  - value: "{text}"\n    b: 2\n',
    "a log": lambda text: f"2024-05-01T12:00:00Z INFO worker[7]: call {text} failed status=500",
    "a code fence": lambda text: f"# Setup\n\n```sh\n{text}\n```\n\nDone.\n",
    "a quotation": lambda text: "> " + text.replace("\n", "\n> "),
    "a diff": lambda text: "@@ -1 +1 @@\n-old\n+" + text.replace("\n", "\n+") + "\n",
    "a stack trace": lambda text: (
        f"Traceback:\n  File 'a.py', line 3, in f\n    g('{text}')\nValueError: {text}"
    ),
    "windows lines": lambda text: "one\r\n" + text.replace("\n", "\r\n") + "\r\ntwo\r\n",
    "an address": lambda text: f"value={text}&other=1",
    "a table": lambda text: f"a,{text},b",
    "japanese": lambda text: f"新しい値は{text}です。",
}
ONE_LINE = ("html", "an env file", "yaml", "an address", "a table")  # no place for blocks


def places_of(shape: str) -> list[str]:
    is_block = "\n" in SecretMaker(0).make(shape).text
    return [name for name in CONTEXTS if not (is_block and name in ONE_LINE)]


def test_two_hundred_secrets_leave_no_piece_of_eight_characters():
    maker = SecretMaker(20_240_501)
    made = [maker.make(SHAPES[number % len(SHAPES)]) for number in range(200)]
    contexts = list(CONTEXTS)

    for number, secret in enumerate(made):
        allowed = [name for name in contexts if "\n" not in secret.text or name not in ONE_LINE]
        text = CONTEXTS[allowed[(number // len(SHAPES) + number) % len(allowed)]](secret.text)
        redacted = redact(text, KEY)

        assert find_leak(secret.random, redacted.text) is None, (text, redacted.text)
        assert redact(redacted.text, KEY).text == redacted.text

    assert len({secret.text for secret in made}) == 200
    assert len(SHAPES) >= 25


@pytest.mark.parametrize("shape", SHAPES)
def test_a_secret_is_found_in_every_context(shape: str):
    maker = SecretMaker(7)
    for name in places_of(shape):
        secret = maker.make(shape)
        text = CONTEXTS[name](secret.text)
        assert find_leak(secret.random, redact(text, KEY).text) is None, (name, text)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mark_tells_the_kind_and_nothing_around_it_changes(shape: str):
    secret = SecretMaker(8).make(shape)
    text = f"before\n{secret.text}\nafter"
    redacted = redact(text, KEY)

    (finding,) = redacted.findings
    mark = f"[redacted:{secret.kind}:{finding.fingerprint}]"
    assert redacted.text == text[: finding.start] + mark + text[finding.end :]
    assert secret.random in text[finding.start : finding.end] or secret.random in text.replace("\n", "")
    assert (text.startswith("before\n"), text.endswith("\nafter")) == (True, True)


NAMES = (
    *(
        "password",
        "passwd",
        "pwd",
        "DB_PASSWORD",
        "dbPassword",
        "PGPASSWORD",
        "smtp_pass",
        "db_pw",
        "passphrase",
    ),
    *(
        "secret",
        "client_secret",
        "clientSecret",
        "JWT_SECRET",
        "SECRET_KEY",
        "secret_key_base",
        "webhook-secret",
    ),
    *(
        "api_key",
        "apiKey",
        "API-KEY",
        "x-api-key",
        "STRIPE_KEY",
        "private_key",
        "encryption_key",
        "accountKey",
    ),
    *("token", "access_token", "refreshToken", "GITHUB_TOKEN", "authToken", "spring.datasource.password"),
)
FORMS = {
    "an env file": "A=1\n{name}={value}\nB=2\n",
    "a quoted env file": '{name}="{value}"\n',
    "a shell export": "export {name}='{value}' && ./start",
    "yaml": "a:\n  {name}: {value}\n  b: 2\n",
    "quoted yaml": 'a:\n  {name}: "{value}"\n',
    "a yaml block": "a:\n  {name}: |\n    {value}\n  b: 2\n",
    "json": '{{"a": 1, "{name}": "{value}", "b": 2}}',
    "escaped json": '{{\\"a\\": 1, \\"{name}\\": \\"{value}\\"}}',
    "json over lines": '{{\n  "{name}":\n    "{value}"\n}}',
    "toml": '{name} = "{value}"\n',
    "ini": "[a]\n{name} = {value}\nb = 1\n",
    "python": "{name} = '{value}'",
    "typed python": '{name}: str = "{value}"',
    "an argument": "connect(host='h', {name}='{value}')",
    "a dictionary": "d = {{'a': 1, '{name}': '{value}'}}",
    "an item": "config['{name}'] = '{value}'",
    "a default": "os.getenv('{name}', '{value}')",
    "a setter": "set_{name}('{value}')",
    "a comparison": "if {name} == '{value}':",
    "go": '{name} := "{value}"',
    "typescript": 'const {name}: string = "{value}";',
    "php": "'{name}' => '{value}',",
    "xml": "<{name}>{value}</{name}>",
    "an attribute": '<add key="{name}" value="{value}" />',
    "kubernetes": "- name: {name}\n  value: {value}\n",
    "a task": '{{"name": "{name}", "value": "{value}"}}',
    "a flag": "run --{name}={value} --verbose",
    "a flag apart": "run --{name} {value} --verbose",
    "docker": "docker run -e {name}={value} image",
    "a dockerfile": "ENV {name} {value}\n",
    "an address": "https://h/x?a=1&{name}={value}&b=2",
    "a connection string": "Server=h;Database=d;{name}={value};Timeout=3",
    "logfmt": "ts=1 level=info {name}={value} user=ann",
    "a log": "2024-05-01 12:00:00 INFO login with {name}: {value}",
    "a diff": "-{name}=old\n+{name}={value}\n",
    "windows lines": "a=1\r\n{name}={value}\r\nb=2\r\n",
    "a list": "- **{name}**: `{value}`",
    "a table": "| {name} | {value} |",
    "a sentence": "The {name} is {value}, keep it.",
    "percent codes": "%7B%22{name}%22%3A%22{value}%22%7D",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "alphabet", [WORD, "0123456789abcdef", SIGNED], ids=["word", "hexadecimal", "signed"]
)
def test_what_is_assigned_to_the_name_of_a_secret_is_found(form: str, alphabet: str):
    maker = SecretMaker(9)
    if alphabet == SIGNED and form in ("percent codes", "an address"):
        alphabet = WORD  # signs would be encoded there
    for name in NAMES:
        value = maker.password(alphabet, 24)
        text = FORMS[form].format(name=name, value=value)
        redacted = redact(text, KEY)
        assert find_leak(value, redacted.text) is None, (text, redacted.text)
        assert redact(redacted.text, KEY).text == redacted.text
