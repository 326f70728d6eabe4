"""`mnemos usage` shows what models cost, for people and for programs."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from mnemos.cli import cli

USAGE = {
    "budgets": [
        {
            "kind": "llm",
            "daily_tokens": 500_000,
            "spent_tokens": 12_345,
            "resets_at": "2026-11-25T00:00:00Z",
        },
        {"kind": "embedding", "spent_tokens": 0, "resets_at": "2026-11-25T00:00:00Z"},
    ],
    "days": [
        {
            "day": "2026-11-24",
            "kind": "llm",
            "calls": 7,
            "input_tokens": 10_000,
            "output_tokens": 2_000,
            "reserved_tokens": 345,
            "cost": 0.0027,
        },
        {
            "day": "2026-11-23",
            "kind": "embedding",
            "calls": 1_234_567_890,
            "input_tokens": 123_456_789_012,
            "output_tokens": 0,
            "reserved_tokens": 0,
            "cost": 2_469.13578,
        },
    ],
    "currency": "EUR",
}


@pytest.fixture
def usage(scripted, answer, monkeypatch):
    """Runs `mnemos usage` against an answer."""
    monkeypatch.setenv("MEM9_API_URL", scripted.url)
    monkeypatch.setenv("MEM9_API_KEY", scripted.api_key)

    def run(body: dict, *arguments: str) -> Result:
        scripted.will_answer(answer(200, body))
        return CliRunner().invoke(cli, ["usage", *arguments])

    return run


def test_people_see_budgets_and_days(usage, scripted):
    result = usage(USAGE)

    assert result.exit_code == 0
    assert scripted.received[0].path == "/v1alpha2/mem9s/usage"
    lines = [" ".join(line.split()) for line in result.stdout.splitlines() if line.strip(" ─")]
    assert lines == [
        "llm 12,345 tokens today, of 500,000; resets at 2026-11-25 00:00 UTC",
        "embedding 0 tokens today, no limit; resets at 2026-11-25 00:00 UTC",
        "day kind calls input output reserved EUR",
        "2026-11-24 llm 7 10,000 2,000 345 0.002700",
        "2026-11-23 embedding 1,234,567,890 123,456,789,012 0 0 2,469.135780",
    ]


def test_programs_get_the_servers_json(usage):
    assert json.loads(usage(USAGE, "--json").stdout) == USAGE


def test_where_nothing_was_spent_it_is_told(usage):
    result = usage(USAGE | {"days": []})

    assert result.stdout.splitlines()[-1] == "nothing spent yet"
