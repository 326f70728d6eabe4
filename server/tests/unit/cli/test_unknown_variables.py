"""A variable that looks like a setting but isn't one is reported, with the most similar setting."""

from __future__ import annotations

import pytest
import structlog.testing
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
def test_a_typo_is_reported_with_the_most_similar_setting(name, meant):
    (sentence,) = describe_unknown({name: "x"})
    assert sentence.startswith(f"{name.upper()} is set, ")
    assert sentence.endswith(f"did you mean {meant}?")


def test_a_name_similar_to_no_setting_is_reported_with_the_page_that_lists_them():
    (sentence,) = describe_unknown(["MNEMO_ZZZ"])
    assert sentence == "MNEMO_ZZZ is set, but there is no such setting: docs/configuration.md lists them all"


def test_settings_and_variables_of_other_programs_are_not_reported():
    known = [f"MNEMO_{name.upper()}" for name in Settings.model_fields]
    others = ["MNEMO_TEST_DSN", "MNEMOS_REDACT", "MNEMOS_CAPTURE", "MEM9_API_KEY", "PATH", "MNEMOSYNE_PORT"]
    assert describe_unknown([*known, *(name.lower() for name in known), *others]) == []


def test_starting_logs_typos_and_continues(monkeypatch):
    async def serve(*_args: object) -> None:
        return

    monkeypatch.setattr(__main__, "_serve", serve)
    # The real function writes to this test's standard error for the rest of the process.
    monkeypatch.setattr(__main__, "configure_logging", lambda *_args: None)
    monkeypatch.setenv("MNEMO_PROT", "8081")

    with structlog.testing.capture_logs() as logs:
        assert __main__.run([]) == 0

    sentences = [value for entry in logs for value in entry.values()]
    assert "MNEMO_PROT is set, but there is no such setting: did you mean MNEMO_PORT?" in sentences
