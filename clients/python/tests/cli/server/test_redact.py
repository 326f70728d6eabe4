"""`mnemos redact`: what it requests, how it waits, and what it prints."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from mnemos.cli import cli

JOB = {
    "id": "0amfm0j0ye4sz",
    "kind": "redact",
    "target": "everything",
    "state": "waiting",
    "attempts": 0,
    "done": 0,
    "total": 0,
    "created_at": "2026-11-23T20:38:51.655943Z",
    "updated_at": "2026-11-23T20:38:52Z",
    "run_at": "2026-11-23T20:38:52Z",
    "detail": {"dry_run": False, "found": {}, "changed": 0},
}
FOUND = {"github_token": 1200, "password": 3}


@pytest.fixture
def redact(scripted, monkeypatch) -> Any:
    monkeypatch.setenv("MEM9_API_URL", scripted.url)
    monkeypatch.setenv("MEM9_API_KEY", scripted.api_key)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["redact", *arguments])

    return run


def ended(**detail: object) -> dict[str, object]:
    return JOB | {"state": "done", "detail": detail}


def test_without_apply_it_only_counts_and_says_how_to_go_on(redact, scripted, answer):
    found = ended(dry_run=True, found=FOUND, changed=0)
    scripted.will_answer(answer(202, JOB), answer(200, JOB | {"state": "running"}), answer(200, found))

    result = redact()

    assert result.exit_code == 0
    assert json.loads(scripted.received[0].body) == {"dry_run": True}
    assert [one.path for one in scripted.received[1:]] == [f"/v1alpha2/mem9s/jobs/{JOB['id']}"] * 2
    assert result.stdout == "github_token  1,200\npassword      3\n"
    assert "mnemos redact --apply" in result.stderr


def test_with_apply_it_says_how_many_rows_were_changed(redact, scripted, answer):
    scripted.will_answer(answer(202, JOB), answer(200, ended(dry_run=False, found=FOUND, changed=7)))

    result = redact("--apply")

    assert json.loads(scripted.received[0].body) == {"dry_run": False}
    assert (result.exit_code, "7 rows changed" in result.stderr) == (0, True)


def test_it_says_so_when_there_is_nothing(redact, scripted, answer):
    scripted.will_answer(answer(202, ended(dry_run=True, found={}, changed=0)))

    assert redact().stdout == "no secrets found\n"


def test_a_job_that_was_given_up_is_an_error(redact, scripted, answer):
    scripted.will_answer(answer(202, JOB | {"state": "failed", "error": "the disk is full"}))

    result = redact()

    assert (result.exit_code, "the disk is full" in result.stderr) == (1, True)
