"""`mnemos jobs`: what it requests, and what it prints."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result
from mnemos.cli import cli

JOB = {
    "id": "0amfm0j0ye4sz",
    "kind": "enrich",
    "target": "session:s-1",
    "state": "waiting",
    "attempts": 0,
    "done": 0,
    "total": 0,
    "created_at": "2026-11-23T20:38:51.655943Z",
    "updated_at": "2026-11-23T20:38:52Z",
    "run_at": "2026-11-23T20:38:52Z",
}


@pytest.fixture
def jobs(scripted, monkeypatch) -> Any:
    monkeypatch.setenv("MEM9_API_URL", scripted.url)
    monkeypatch.setenv("MEM9_API_KEY", scripted.api_key)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["jobs", *arguments])

    return run


def test_a_list_says_how_far_jobs_are_and_why_they_wait(jobs, scripted, answer):
    rows = [
        JOB | {"done": 3, "total": 10, "note": "skipped_budget"},
        JOB | {"kind": "redact", "state": "failed", "target": "tenant", "error": "it\nrained\x1b[31m"},
        JOB | {"state": "done"},
    ]
    scripted.will_answer(answer(200, {"jobs": rows}))

    result = jobs("--state", "failed", "--limit", "3")

    assert parse_qs(urlsplit(scripted.received[0].path).query) == {"state": ["failed"], "limit": ["3"]}
    assert result.exit_code == 0
    assert result.stdout == (
        "0amfm0j0ye4sz  enrich  waiting  3/10  session:s-1  skipped_budget\n"
        "0amfm0j0ye4sz  redact  failed         tenant  it rained·[31m\n"
        "0amfm0j0ye4sz  enrich  done           session:s-1\n"
    )


def test_an_empty_list_is_said_beside_the_rows(jobs, scripted, answer):
    scripted.will_answer(answer(200, {"jobs": []}))

    result = jobs()

    assert scripted.received[0].path == "/v1alpha2/mem9s/jobs"
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no jobs\n")


def test_one_job_is_shown_in_full(jobs, scripted, answer):
    scripted.will_answer(answer(200, JOB | {"attempts": 2, "error": "it rained", "detail": {"found": 1}}))

    result = jobs("0amfm0j0ye4sz")

    assert scripted.received[0].path == "/v1alpha2/mem9s/jobs/0amfm0j0ye4sz"
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert (lines["state"], lines["attempts"], lines["error"]) == ("waiting", "2", "it rained")
    assert lines["detail"] == "{'found': 1}"
    assert "note" not in lines


def test_json_is_what_the_server_said(jobs, scripted, answer):
    scripted.will_answer(answer(200, {"jobs": [JOB]}), answer(200, JOB))

    assert json.loads(jobs("--json").stdout) == {"jobs": [JOB]}
    assert json.loads(jobs("0amfm0j0ye4sz", "--json").stdout) == JOB


def test_an_unknown_id_is_told_with_what_to_do_next(jobs, scripted, error_response):
    scripted.will_answer(error_response(404, "job_not_found", "job not found"))

    result = jobs("0amfm0j0ye4sz")

    assert result.exit_code == 1
    assert "`mnemos jobs` shows existing ids" in result.stderr


def test_an_id_with_filters_is_wrong_usage(jobs, scripted):
    result = jobs("0amfm0j0ye4sz", "--state", "done")

    assert result.exit_code == 2
    assert scripted.received == []
