"""A variable that looks like a setting but is none is named, with the setting that was probably meant."""

from __future__ import annotations

import pytest
from mnemo_server import __main__
from mnemo_server.cli.unknown_variables import describe_unknown
from mnemo_server.settings import Settings


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MNEMO_PROT", "MNEMO_PORT"),
        ("MNEMO_RATELIMIT", "MNEMO_RATE_LIMIT"),
        ("mnemo_reduct", "MNEMO_REDACT"),
        ("MNEMO_LLM_KEY", "MNEMO_LLM_API_KEY"),
        ("MNEMOS_DSN", "MNEMO_DSN"),
    ],
)
def test_a_typo_is_named_with_the_setting_that_is_most_like_it(name, meant):
    (sentence,) = describe_unknown({name: "x"})
    assert sentence.startswith(f"{name.upper()} is set, ")
    assert sentence.endswith(f"did you mean {meant}?")


def test_a_name_like_no_setting_is_named_with_where_to_look():
    (sentence,) = describe_unknown(["MNEMO_ZZZ"])
    assert sentence == "MNEMO_ZZZ is set, but there is no such setting: docs/configuration.md lists them all"


def test_settings_and_the_variables_of_others_are_no_typos():
    known = [f"MNEMO_{name.upper()}" for name in Settings.model_fields]
    others = ["MNEMO_TEST_DSN", "MNEMOS_REDACT", "MNEMOS_CAPTURE", "MEM9_API_KEY", "PATH", "MNEMOSYNE_PORT"]
    assert describe_unknown([*known, *(name.lower() for name in known), *others]) == []


def test_a_start_logs_typos_and_goes_on(monkeypatch, capsys):
    async def serve(*_args: object) -> None:
        return

    monkeypatch.setattr(__main__, "_serve", serve)
    monkeypatch.setenv("MNEMO_PROT", "8081")
    monkeypatch.setenv("MNEMO_LOG_FORMAT", "json")

    assert __main__.run([]) == 0

    assert (
        "MNEMO_PROT is set, but there is no such setting: did you mean MNEMO_PORT?" in capsys.readouterr().err
    )
