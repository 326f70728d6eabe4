"""Addresses of databases: URLs, and the form of Go programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from mnemo_server.db.errors import BadDsn

#: Ports for addresses that name none: TiDB's port for `tidb://`, MySQL's otherwise.
_DEFAULT_PORTS: Final[Mapping[str, int]] = {"tidb": 4000, "mysql": 3306, "mariadb": 3306}
#: Values of `tls`: no encryption; certificate checked; encrypted with an unchecked certificate. "tidb" is the
#: name under which Go programs register the settings for TiDB Cloud, which check the certificate.
_TLS: Final[Mapping[str, TlsMode]] = {
    "": "off",
    "0": "off",
    "false": "off",
    "1": "verify",
    "true": "verify",
    "tidb": "verify",
    "skip-verify": "skip-verify",
}
_EXAMPLES: Final = (
    "Valid examples: sqlite:///var/lib/mnemos/mnemos.db, tidb://user:password@host:4000/mnemos "
    "or user:password@tcp(host:4000)/mnemos?tls=true."
)
_GO_FORM = re.compile(r"(?:(?P<login>.*)@)?tcp(?:\((?P<address>[^()]*)\))?", re.DOTALL)
_DATABASE = re.compile(r"[\w$-]{1,64}")

TlsMode = Literal["off", "verify", "skip-verify"]


@dataclass(frozen=True, slots=True)
class Dsn:
    """The address of a database. Its text never shows the password.

    `path` is set for SQLite, the other fields for the MySQL family. `options` contains the query string;
    `tls` and `tls_ca` (path of a PEM file) are used, options of the Go driver are ignored.
    """

    scheme: Literal["sqlite", "mysql"]
    path: Path | None = None
    host: str = "127.0.0.1"
    port: int = 3306
    user: str = ""
    password: str = field(default="", repr=False)
    database: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def tls(self) -> TlsMode:
        """The encryption of the connection."""
        return _TLS[self.options.get("tls", "").lower()]

    def __str__(self) -> str:
        if self.scheme == "sqlite":
            return f"sqlite:///{str(self.path).lstrip('/')}"
        login = f"{self.user}:***@" if self.password else f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{login}{host}:{self.port}/{self.database}"

    def __repr__(self) -> str:
        return f"Dsn({self})"


def parse_dsn(text: str) -> Dsn:
    """Parse the address in a text.

    Raises:
        BadDsn: the sentence says what is wrong, shows valid examples, and quotes nothing of the address.
    """
    text = text.strip()
    scheme, colon, _ = text.partition("://")
    if not colon or not scheme.isalpha():
        if text.startswith("sqlite:"):
            raise _bad("A SQLite address starts with sqlite:/// and an absolute path.")
        return _parse_go_form(text)
    if scheme == "sqlite":
        return _parse_sqlite(text)
    if scheme in _DEFAULT_PORTS:
        return _parse_url(text)
    raise _bad(f"Unknown kind of database {scheme!r}; use sqlite, tidb, mysql or mariadb.")


def _bad(sentence: str) -> BadDsn:
    return BadDsn(f"The database address (DSN) cannot be used: {sentence} {_EXAMPLES}")


def _parse_sqlite(text: str) -> Dsn:
    """Parse `sqlite:///absolute/path`."""
    location, _, query = text.removeprefix("sqlite://").partition("?")
    if ":memory:" in location:
        raise _bad("An in-memory database would lose everything; name a file.")
    if query:
        raise _bad("A SQLite address has no options.")
    path = unquote(location)
    if re.fullmatch(r"/[A-Za-z]:[/\\].*", path):  # sqlite:///C:/folder/file.db
        path = path[1:]
    if path.endswith("/") or not Path(path).is_absolute():
        raise _bad("A SQLite address is sqlite:/// followed by the absolute path of a file.")
    return Dsn(scheme="sqlite", path=Path(path))


def _parse_url(text: str) -> Dsn:
    """Parse `tidb://user:password@host:port/database?options`; user and password are percent-encoded."""
    try:
        url = urlsplit(text)
        port = url.port or _DEFAULT_PORTS[url.scheme]
        host = url.hostname
    except ValueError:
        raise _bad("Host or port cannot be read; a password in a URL must be percent-encoded.") from None
    if not host:
        raise _bad("The host is missing.")
    return _mysql(
        host=host,
        port=port,
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        database=unquote(url.path.removeprefix("/")),
        query=url.query,
    )


def _parse_go_form(text: str) -> Dsn:
    """Parse `user:password@tcp(host:port)/database?options`; the password isn't encoded."""
    head, slash, tail = text.rpartition("/")
    if not slash:
        raise _bad("It is neither a URL nor of the form user:password@tcp(host:port)/database.")
    match = _GO_FORM.fullmatch(head)
    if match is None:
        raise _bad(
            "Before the last `/` must be user:password@tcp(host:port); other networks are not supported."
        )
    user, _, password = (match["login"] or "").partition(":")
    host, port = _split_address(match["address"] or "127.0.0.1")
    database, _, query = tail.partition("?")
    return _mysql(host=host, port=port, user=user, password=password, database=unquote(database), query=query)


def _split_address(address: str) -> tuple[str, int]:
    """Split `host:port`, `host`, `[::1]:port` or `[::1]` into host and port."""
    match = re.fullmatch(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>\d+))?", address)
    if match is None:
        raise _bad("The part in tcp(…) must be host:port.")
    return match["v6"] or match["host"], int(match["port"] or _DEFAULT_PORTS["mysql"])


def _mysql(*, host: str, port: int, user: str, password: str, database: str, query: str) -> Dsn:
    """Check the parts that both forms have in common, and return the address."""
    if not 0 < port < 65536:  # noqa: PLR2004 - TCP has 16-bit ports
        raise _bad("The port must be between 1 and 65535.")
    if not _DATABASE.fullmatch(database):
        raise _bad(
            "The host must be followed by the name of the database: letters, digits, `_`, `$` and `-`."
        )
    options = dict(parse_qsl(query, keep_blank_values=True))
    if options.get("tls", "").lower() not in _TLS:
        raise _bad("The option tls must be true, false or skip-verify.")
    return Dsn("mysql", None, host, port, user, password, database, options)
