from __future__ import annotations

import errno

import pytest
from mnemo_server import __main__
from mnemo_server.db.errors import BadDsn, DatabaseUnavailable, SchemaMismatch


@pytest.fixture(autouse=True)
def no_logging(monkeypatch):
    monkeypatch.setattr(__main__, "configure_logging", lambda *_args: None)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (BadDsn("no host"), 2, "mnemo-server: MNEMO_DSN: no host"),
        (DatabaseUnavailable("nobody answers"), 3, "mnemo-server: nobody answers"),
        (SchemaMismatch("too new"), 4, "mnemo-server: too new"),
        (
            OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"),
            5,
            "mnemo-server: can't listen on this address: Cannot assign requested address",
        ),
    ],
)
def test_an_expected_error_is_reported_in_a_sentence_with_an_exit_code(
    monkeypatch, capsys, error: Exception, code: int, message: str
):
    async def fail(*_args: object) -> None:
        raise error

    monkeypatch.setattr(__main__, "_serve", fail)

    assert __main__.run([]) == code
    assert capsys.readouterr().err.startswith(message)


@pytest.mark.parametrize(
    ("port", "others"),
    [("8080", "other software; many programs use 8080"), ("8081", "other software")],
)
def test_a_busy_port_is_reported_with_the_setting_to_change(monkeypatch, capsys, port: str, others: str):
    async def fail(*_args: object) -> None:
        raise OSError(errno.EADDRINUSE, "address already in use")

    monkeypatch.setattr(__main__, "_serve", fail)
    monkeypatch.setenv("MNEMO_PORT", port)

    assert __main__.run([]) == 5
    assert capsys.readouterr().err == (
        f"mnemo-server: port {port} is in use by another mnemo-server or {others}; "
        "set MNEMO_PORT to a free one\n"
    )


def test_an_invalid_setting_is_named(monkeypatch, capsys):
    monkeypatch.setenv("MNEMO_PORT", "none")

    assert __main__.run([]) == 2
    assert capsys.readouterr().err.startswith("mnemo-server: MNEMO_PORT: ")
