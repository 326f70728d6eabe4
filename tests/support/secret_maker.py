"""Makes secrets that open nothing, in each form that the redaction rules must know.

They are generated when the tests run, so that nothing in this repository looks like a leaked key.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable
from typing import NamedTuple

UPPER = string.ascii_uppercase + string.digits
WORD = string.ascii_letters + string.digits
TOKEN = WORD + "-_"
HEXADECIMAL = "0123456789abcdef"
SIGNED = WORD + "!$%^*-_=+"  # what passwords in addresses may contain unescaped


class Secret(NamedTuple):
    """A secret in the text that shows it."""

    text: str
    """The secret, with the text that identifies it where its own form does not."""
    random: str
    """The part of it that must not be visible."""
    kind: str
    """The kind that its mark must name."""


class SecretMaker:
    """Generates the same secrets for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.shapes: dict[str, Callable[[], Secret]] = self._keys() | self._named() | self._blocks()

    def make(self, shape: str) -> Secret:
        """Return a secret of this shape."""
        return self.shapes[shape]()

    def pick(self, alphabet: str, length: int) -> str:
        """Return a random string."""
        return "".join(self._random.choices(alphabet, k=length))

    def password(self, alphabet: str = SIGNED, length: int = 18) -> str:
        """Return a password with a letter and a digit that begins and ends with a letter or a digit."""
        while True:
            value = self.pick(alphabet, length)
            if value[0].isalnum() and value[-1].isalnum() and not (value.isalpha() or value.isdigit()):
                return value

    def _prefixed(self, kind: str, prefix: str, alphabet: str, length: int) -> Callable[[], Secret]:
        def make() -> Secret:
            value = self.pick(alphabet, length)
            return Secret(prefix + value, value, kind)

        return make

    def _shown(self, kind: str, template: str, make_value: Callable[[], str]) -> Callable[[], Secret]:
        def make() -> Secret:
            value = make_value()
            return Secret(template.replace("@@", value), value, kind)

        return make

    def _keys(self) -> dict[str, Callable[[], Secret]]:
        digits = self.pick("123456789", 12)
        return {
            "aws access key": self._prefixed("aws_access_key", "AKIA", UPPER, 16),
            "aws session key": self._prefixed("aws_access_key", "ASIA", UPPER, 16),
            "github classic": self._prefixed("github_token", "ghp_", WORD, 36),
            "github oauth": self._prefixed("github_token", "gho_", WORD, 36),
            "github server": self._prefixed("github_token", "ghs_", WORD, 36),
            "github fine-grained": self._prefixed("github_token", "github_pat_", WORD + "_", 82),
            "gitlab": self._prefixed("gitlab_token", "glpat-", TOKEN, 20),
            "slack bot": self._prefixed("slack_token", f"xoxb-{digits}-{digits}-", WORD, 24),
            "slack user": self._prefixed("slack_token", f"xoxp-{digits}-{digits}-", HEXADECIMAL, 32),
            "slack webhook": self._prefixed(
                "slack_token", f"https://hooks.slack.com/services/T{self.pick(UPPER, 8)}/", WORD, 24
            ),
            "openai": self._prefixed("openai_key", "sk-", WORD, 48),
            "openai project": self._prefixed("openai_key", "sk-proj-", TOKEN, 96),
            "anthropic": self._prefixed("anthropic_key", "sk-ant-api03-", TOKEN, 93),
            "google": self._prefixed("google_key", "AIza", TOKEN, 35),
            "stripe": self._prefixed("stripe_key", "sk_live_", WORD, 24),
            "stripe restricted": self._prefixed("stripe_key", "rk_live_", WORD, 24),
            "npm": self._prefixed("npm_token", "npm_", WORD, 36),
            "pypi": self._prefixed("pypi_token", "pypi-AgEIcHlwaS5vcmcC", TOKEN, 120),
            "hugging face": self._prefixed("huggingface_token", "hf_", WORD, 34),
            "sendgrid": self._prefixed("sendgrid_key", f"SG.{self.pick(TOKEN, 22)}.", TOKEN, 43),
            "twilio": self._prefixed("twilio_key", "SK", HEXADECIMAL, 32),
            "telegram": self._prefixed("telegram_token", f"{digits[:10]}:AA", TOKEN, 33),
            "digitalocean": self._prefixed("digitalocean_token", "dop_v1_", HEXADECIMAL, 64),
            "vault": self._prefixed("hashicorp_token", "hvs.", TOKEN, 90),
            "mnemos": self._prefixed("mnemos_key", "mnk_", TOKEN, 32),
            "azure storage": self._shown(
                "azure_key", "AccountName=logs;AccountKey=@@;EndpointSuffix=core.windows.net", self._azure_key
            ),
            "discord": self._discord_token,
            "jwt": self._jwt,
        }

    def _named(self) -> dict[str, Callable[[], Secret]]:
        def token() -> str:
            return self.pick(WORD, 40)

        def basic() -> str:
            return base64.b64encode(f"admin:{self.password()}".encode()).decode().rstrip("=")

        return {
            "postgres": self._shown("url_password", "postgres://app:@@@db.internal:5432/app", self.password),
            "mongodb": self._shown("url_password", "mongodb+srv://app:@@@c0.mongodb.net/app", self.password),
            "redis": self._shown("url_password", "redis://:@@@cache:6379/0", self.password),
            "go dsn": self._shown("url_password", "app:@@@tcp(db:4000)/app", self.password),
            "aws secret": self._shown(
                "secret", "aws_secret_access_key=@@", lambda: self.pick(WORD + "+/", 40)
            ),
            "bearer": self._shown("authorization", "Authorization: Bearer @@", token),
            "basic": self._shown("authorization", "Authorization: Basic @@", basic),
            "api key header": self._shown("api_key", "X-API-Key: @@", token),
            "cookie": self._shown("cookie", "Cookie: theme=dark; sessionid=@@; lang=en", token),
            "set-cookie": self._shown("cookie", "Set-Cookie: sid=@@; Path=/; HttpOnly", token),
            "curl user": self._shown("password", "curl -s -u ann:@@ https://api.internal/v1", self.password),
            "mysql flag": self._shown("password", "mysql -h db -u ann -p@@ shop", self.password),
            "long flag": self._shown("password", "deploy --db-password @@ --verbose", self.password),
            "netrc": self._shown("password", "machine api.internal login ann password @@", self.password),
        }

    def _blocks(self) -> dict[str, Callable[[], Secret]]:
        return {
            "pem": lambda: self._key_block("RSA PRIVATE KEY"),
            "openssh": lambda: self._key_block("OPENSSH PRIVATE KEY"),
            "pgp": lambda: self._key_block("PGP PRIVATE KEY BLOCK"),
            "pem without end": lambda: self._key_block("EC PRIVATE KEY", has_end=False),
            "private": self._shown(
                "private", "<private>the vault opens with @@</private>", lambda: self.pick(WORD, 20)
            ),
        }

    def _azure_key(self) -> str:
        return base64.b64encode(self._random.randbytes(64)).decode().rstrip("=")

    def _discord_token(self) -> Secret:
        user = base64.b64encode(str(self._random.randrange(10**17, 10**18)).encode()).decode()
        value = self.pick(TOKEN, 38)
        return Secret(f"{user}.{self.pick(TOKEN, 6)}.{value}", value, "discord_token")

    def _jwt(self) -> Secret:
        def encode(value: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

        value = self.pick(TOKEN, 43)
        head, claims = {"alg": "HS256", "typ": "JWT"}, {"sub": self.pick(HEXADECIMAL, 12)}
        return Secret(f"{encode(head)}.{encode(claims)}.{value}", value, "jwt")

    def _key_block(self, name: str, *, has_end: bool = True) -> Secret:
        body = base64.b64encode(self._random.randbytes(500)).decode()
        lines = [f"-----BEGIN {name}-----", *(body[start : start + 64] for start in range(0, len(body), 64))]
        if has_end:
            lines.append(f"-----END {name}-----")
        return Secret("\n".join(lines), body, "private_key")


def find_leak(secret: str, text: str, length: int = 8) -> str | None:
    """Return a piece of a secret that a text contains, or None."""
    parts = (secret[start : start + length] for start in range(len(secret) - length + 1))
    return next((part for part in parts if part in text), None)
