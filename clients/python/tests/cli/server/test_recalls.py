"""`mnemos recalls`: what it asks for, and what it prints."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result
from mnemos.cli import cli

RECALL = {
    "id": "0amfm0j0ye4sz",
    "created_at": "2026-11-23T20:38:51.655943Z",
    "event": "prompt",
    "prompt": "which wood\nis the mast of?",
    "session_id": "s-1",
    "project": "boat",
    "agent_id": "claude-code",
    "tokens": 41,
    "elapsed_ms": 23,
    "memories": [
        {"memory_id": "0amfm0j0ye4aa", "confidence": 61, "content": "The mast is oak."},
        {"memory_id": "0amfm0j0ye4bb", "confidence": 2, "left_out": "weak", "content": "Fridays\x1b[31m"},
        {"memory_id": "0amfm0j0ye4cc", "confidence": 9, "left_out": "corrected"},
    ],
}
SILENT = RECALL | {"silence": "not_needed", "tokens": 0, "memories": []}


@pytest.fixture
def recalls(scripted, monkeypatch) -> Any:
    monkeypatch.setenv("MEM9_API_URL", scripted.url)
    monkeypatch.setenv("MEM9_API_KEY", scripted.api_key)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["recalls", *arguments])

    return run


def test_a_list_says_what_was_shown_or_why_nothing(recalls, scripted, answer):
    scripted.will_answer(answer(200, {"recalls": [RECALL, SILENT]}))

    result = recalls("--silent", "--session", "s-1", "--limit", "2")

    query = parse_qs(urlsplit(scripted.received[0].path).query)
    assert query == {"silent": ["True"], "session_id": ["s-1"], "limit": ["2"]}
    assert result.stdout == (
        "0amfm0j0ye4sz  2026-11-23 20:38:51  prompt   1 memory, 41 tokens  which wood is the mast of?\n"
        "0amfm0j0ye4sz  2026-11-23 20:38:51  prompt   nothing: the prompt doesn't depend on what is stored"
        "  which wood is the mast of?\n"
    )


def test_an_empty_list_is_said_beside_the_rows(recalls, scripted, answer):
    scripted.will_answer(answer(200, {"recalls": []}))

    result = recalls()

    assert scripted.received[0].path == "/v1alpha2/mem9s/recalls"
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no recalls\n")


def test_one_recall_says_of_each_memory_what_became_of_it(recalls, scripted, answer):
    scripted.will_answer(answer(200, RECALL))

    result = recalls("0amfm0j0ye4sz")

    assert scripted.received[0].path == "/v1alpha2/mem9s/recalls/0amfm0j0ye4sz"
    assert "prompt   which wood is the mast of?\nresult   1 memory, 41 tokens\n" in result.stdout
    assert result.stdout.splitlines()[-3:] == [
        "  0amfm0j0ye4aa   61%  shown                     The mast is oak.",
        "  0amfm0j0ye4bb    2%  matters less              Fridays·[31m",
        "  0amfm0j0ye4cc    9%  corrected by a newer one  (deleted since)",
    ]


def test_json_is_what_the_server_said(recalls, scripted, answer):
    scripted.will_answer(answer(200, RECALL))

    assert json.loads(recalls("0amfm0j0ye4sz", "--json").stdout)["memories"] == RECALL["memories"]


def test_an_id_is_not_combined_with_filters(recalls):
    result = recalls("0amfm0j0ye4sz", "--silent")

    assert result.exit_code == 2
    assert "can't be combined with an ID" in result.stderr
