"""`mnemos status` looks at server, database and key, and its exit code says how they are."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from mnemos.cli import cli

VERSION = {"version": "0.1.0", "started_at": "2026-11-23T20:00:00Z"}
READY = {"status": "ready", "database": "sqlite"}


@pytest.fixture
def status(scripted, monkeypatch):
    """Runs `mnemos status` after three answers were set: to version, readiness, key."""
    monkeypatch.setenv("MEM9_API_URL", scripted.url)
    monkeypatch.setenv("MEM9_API_KEY", scripted.api_key)

    def run(*answers, arguments=()) -> Result:
        scripted.will_answer(*answers)
        return CliRunner().invoke(cli, ["status", *arguments])

    return run


def test_all_is_well(status, scripted, answer):
    result = status(answer(200, VERSION), answer(200, READY), answer(200, {"status": "active"}))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"ok   server    {scripted.url} answers, version 0.1.0",
        "ok   database  ready, sqlite",
        "ok   key       active",
    ]


def test_json_says_it_for_programs(status, scripted, answer):
    answers = answer(200, VERSION), answer(200, READY), answer(200, {"status": "active"})
    assert json.loads(status(*answers, arguments=["--json"]).stdout) == {
        "url": scripted.url,
        "server": VERSION,
        "database": READY,
        "key": {"status": "active"},
    }


def test_a_database_that_is_away_is_told_at_once_and_the_key_is_still_asked_about(
    status, scripted, answer, error_answer
):
    away = error_answer(503, "database_unavailable", Retry_After="2")
    result = status(answer(200, VERSION), away, answer(200, {"status": "active"}))
    assert result.exit_code == 1
    assert "BAD  database  sorry" in result.stdout
    assert "ok   key       active" in result.stdout
    assert len(scripted.received) == 3


@pytest.mark.parametrize("is_known", [True, False])
def test_a_key_that_opens_nothing_is_told(status, answer, error_answer, is_known):
    reply = answer(200, {"status": "inactive"}) if is_known else error_answer(404, "key_not_found")
    result = status(answer(200, VERSION), answer(200, READY), reply)
    assert result.exit_code == 1
    assert "BAD  key" in result.stdout


def test_no_server_exits_with_3():
    result = CliRunner().invoke(cli, ["--url", "http://127.0.0.1:1", "status"])
    assert result.exit_code == 3
    assert "can't be reached" in result.stderr
