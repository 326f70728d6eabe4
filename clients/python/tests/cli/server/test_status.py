"""`mnemos status` checks server, database, key and vectors, and its exit code reports their state."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from mnemos.cli import cli

VERSION = {"version": "0.1.0", "started_at": "2026-11-23T20:00:00Z"}
READY = {"status": "ready", "database": "sqlite"}
ACTIVE = {"status": "active"}
VECTORS = {
    "state": "ready",
    "model": "all-MiniLM-L6-v2-int8",
    "dimensions": 384,
    "total": 3_000,
    "embedded": 1_204,
    "pending": 1_796,
    "refused": 0,
}


@pytest.fixture
def status(scripted, monkeypatch):
    """Runs `mnemos status` after four answers were set: to version, readiness, key, vectors."""
    monkeypatch.setenv("MEM9_API_URL", scripted.url)
    monkeypatch.setenv("MEM9_API_KEY", scripted.api_key)

    def run(*answers, arguments=()) -> Result:
        scripted.will_answer(*answers)
        return CliRunner().invoke(cli, ["status", *arguments])

    return run


def test_all_is_well(status, scripted, answer):
    result = status(answer(200, VERSION), answer(200, READY), answer(200, ACTIVE), answer(200, VECTORS))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"ok   server    {scripted.url} is reachable, version 0.1.0",
        "ok   database  ready, sqlite",
        "ok   key       active",
        "ok   vectors   1,204 of 3,000 by all-MiniLM-L6-v2-int8 (1,796 pending)",
    ]


def test_json_says_it_for_programs(status, scripted, answer):
    answers = (
        answer(200, VERSION),
        answer(200, READY),
        answer(200, ACTIVE),
        answer(200, VECTORS),
    )
    assert json.loads(status(*answers, arguments=["--json"]).stdout) == {
        "url": scripted.url,
        "server": VERSION,
        "database": READY,
        "key": {"status": "active"},
        "vectors": VECTORS,
    }


def test_a_database_that_is_away_is_told_at_once_and_the_key_is_still_asked_about(
    status, scripted, answer, error_response
):
    away = error_response(503, "database_unavailable", Retry_After="2")
    result = status(answer(200, VERSION), away, answer(200, ACTIVE), answer(200, VECTORS))
    assert result.exit_code == 1
    assert "BAD  database  sorry" in result.stdout
    assert "ok   key       active" in result.stdout
    assert len(scripted.received) == 4


@pytest.mark.parametrize("is_known", [True, False])
def test_a_key_that_opens_nothing_is_told(status, answer, error_response, is_known):
    reply = answer(200, {"status": "inactive"}) if is_known else error_response(404, "key_not_found")
    refused = error_response(401, "invalid_api_key")
    result = status(answer(200, VERSION), answer(200, READY), reply, refused)
    assert result.exit_code == 1
    assert "BAD  key" in result.stdout


@pytest.mark.parametrize(
    ("changed", "exit_code", "line"),
    [
        ({"state": "off"}, 0, "ok   vectors   off: memories are found by keywords only"),
        ({"state": "loading", "model": None}, 0, "ok   vectors   1,204 of 3,000 (1,796 pending); loading"),
        (
            {"state": "unavailable", "reason": "The endpoint is away."},
            1,
            "BAD  vectors   1,204 of 3,000 by all-MiniLM-L6-v2-int8 (1,796 pending); The endpoint is away.",
        ),
        (
            {"embedded": 2_999, "pending": 0, "refused": 1},
            0,
            "ok   vectors   2,999 of 3,000 by all-MiniLM-L6-v2-int8 (1 rejected by the model)",
        ),
        (
            {"waiting_for_budget": 1_796},
            0,
            "ok   vectors   1,204 of 3,000 by all-MiniLM-L6-v2-int8 (1,796 pending until tomorrow's budget)",
        ),
        ({"embedded": 3_000, "pending": 0}, 0, "ok   vectors   3,000 of 3,000 by all-MiniLM-L6-v2-int8"),
    ],
)
def test_how_far_vectors_are_is_told(status, answer, changed, exit_code, line):
    key = answer(200, ACTIVE)
    result = status(answer(200, VERSION), answer(200, READY), key, answer(200, VECTORS | changed))
    assert result.exit_code == exit_code
    assert result.stdout.splitlines()[-1] == line


def test_no_server_exits_with_3():
    result = CliRunner().invoke(cli, ["--url", "http://127.0.0.1:1", "status"])
    assert result.exit_code == 3
    assert "can't be reached" in result.stderr


def test_a_variable_that_means_nothing_is_named_on_stderr(status, answer, monkeypatch):
    monkeypatch.setenv("MNEMO_PROFILE", "work")
    answers = (answer(200, VERSION), answer(200, READY), answer(200, ACTIVE), answer(200, VECTORS))
    result = status(*answers, arguments=["--json"])
    assert (result.exit_code, json.loads(result.stdout)["database"]) == (0, READY)
    assert "did you mean MNEMOS_PROFILE?" in result.stderr
