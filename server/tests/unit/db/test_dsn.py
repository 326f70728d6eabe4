from __future__ import annotations

from pathlib import Path

import pytest
from mnemo_server.db.dsn import Dsn, parse_dsn
from mnemo_server.db.errors import BadDsn

SECRET = "p@ss/w:rd)?%"


def mysql(**fields):
    return Dsn("mysql", **{"host": "h", "port": 4000, "user": "u", "database": "d", **fields})


@pytest.mark.parametrize(
    ("text", "dsn"),
    [
        ("u:x@tcp(h:4000)/d?parseTime=true", mysql(password="x", options={"parseTime": "true"})),
        ("u@tcp(h)/d", mysql(port=3306)),
        ("u:@tcp([::1]:4000)/d", mysql(host="::1")),
        (f"u:{SECRET}@tcp(h:4000)/d", mysql(password=SECRET)),
        ("tidb://u@h/d", mysql()),
        ("mysql://u@h/d", mysql(port=3306)),
        ("mariadb://u:p%40ss@h:4000/d?tls=true", mysql(password="p@ss", options={"tls": "true"})),
        ("tidb://u@[::1]:4000/d", mysql(host="::1")),
        ("sqlite:///var/lib/a%20b.db", Dsn("sqlite", path=Path("/var/lib/a b.db"))),
        (" sqlite:///x.db\n", Dsn("sqlite", path=Path("/x.db"))),
    ],
)
def test_every_form_of_dsn_is_parsed(text, dsn):
    assert parse_dsn(text) == dsn


@pytest.mark.parametrize("text", [f"u:{SECRET}@tcp(h:4000)/d", "tidb://u:p%40ss@h/d"])
def test_a_printed_dsn_hides_the_password(text):
    dsn = parse_dsn(text)
    assert str(dsn) == "u:***@h:4000/d"
    assert dsn.password not in repr(dsn)


def test_a_printed_sqlite_dsn_can_be_parsed_again():
    dsn = parse_dsn("sqlite:///var/lib/mnemos.db")
    assert parse_dsn(str(dsn)) == dsn


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "neither a URL"),
        ("hunter2", "neither a URL"),
        ("postgres://u:hunter2@h/d", "Unknown kind of database 'postgres'"),
        ("sqlite://:memory:", "lose everything"),
        ("sqlite::memory:", "starts with sqlite:///"),
        ("sqlite://relative.db", "absolute path"),
        ("sqlite:///folder/", "absolute path"),
        ("sqlite:///a.db?mode=ro", "no options"),
        ("tidb://u:hunter2@h:port/d", "cannot be read"),
        ("tidb://u:hunter2@/d", "host is missing"),
        ("tidb://u:hunter2@h:4000/", "name of the database"),
        ("tidb://u:hunter2@h/a`b", "name of the database"),
        ("u:hunter2@unix(/tmp/s)/d", "other networks"),
        ("u:hunter2@tcp(a:b:c)/d", "must be host:port"),
        ("u:hunter2@tcp(h:99999)/d", "between 1 and 65535"),
        ("u:hunter2@tcp(h)/d?tls=perhaps", "tls must be true"),
    ],
)
def test_a_bad_dsn_is_explained_with_an_example_and_without_the_password(text, message):
    with pytest.raises(BadDsn, match=message) as caught:
        parse_dsn(text)
    assert "tidb://user:password@host:4000/mnemos" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "mode"),
    [("", "off"), ("?tls=false", "off"), ("?tls=TRUE", "verify"), ("?tls=skip-verify", "skip-verify")],
)
def test_tls_mode_follows_the_option(option, mode):
    assert parse_dsn(f"u@tcp(h)/d{option}").tls == mode
