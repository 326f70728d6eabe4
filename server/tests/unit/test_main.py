from __future__ import annotations

import pytest
from mnemo_server import __main__
from mnemo_server.db.errors import BadDsn, DatabaseUnavailable, SchemaMismatch


@pytest.fixture(autouse=True)
def no_logging(monkeypatch):
    monkeypatch.setattr(__main__, "configure_logging", lambda *_args: None)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (BadDsn("no host"), 2, "mnemo-server: MNEMO_DSN: no host"),
        (DatabaseUnavailable("nobody answers"), 3, "mnemo-server: nobody answers"),
        (SchemaMismatch("too new"), 4, "mnemo-server: too new"),
        (
            OSError(98, "Address already in use"),
            5,
            "mnemo-server: can't listen on this address: Address already in use",
        ),
    ],
)
def test_what_can_be_foreseen_is_a_sentence_and_a_code(
    monkeypatch, capsys, error: Exception, code: int, sentence: str
):
    async def fail(*_args: object) -> None:
        raise error

    monkeypatch.setattr(__main__, "_serve", fail)

    assert __main__.run([]) == code
    assert capsys.readouterr().err.startswith(sentence)


def test_a_bad_setting_is_named(monkeypatch, capsys):
    monkeypatch.setenv("MNEMO_PORT", "none")

    assert __main__.run([]) == 2
    assert capsys.readouterr().err.startswith("mnemo-server: MNEMO_PORT: ")
