"""`mnemos refused`: what it selects from the list, and how it prints it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mnemos.cli import cli

ENTRIES = [
    {"time": "2026-11-25T10:00:00Z", "session_id": "session-one", "seq": 1, "role": "user",
     "code": "filler", "reason": "…", "text": "thanks"},
    {"time": "2026-11-25T10:01:00Z", "session_id": "session-two", "seq": 4, "role": "assistant",
     "code": "dump", "reason": "…", "text": "a\x1b[2Jlog\nof lines"},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = tmp_path / "mnemos" / "refused"
    folder.mkdir(parents=True)
    (folder / "refused.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in ENTRIES) + "{")
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["refused", *arguments])


@pytest.mark.usefixtures("folder")
def test_refusals_are_listed_one_a_line_without_control_characters() -> None:
    result = run()

    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first == "2026-11-25T10:00:00Z  session-  filler  user       thanks"
    assert second.endswith("dump    assistant  a[2Jlog of lines")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("option", [("--session", "session-two"), ("--reason", "dump"), ("--limit", "1")])
def test_refusals_are_picked_by_session_reason_and_number(option: tuple[str, str]) -> None:
    result = run("--json", *option)

    assert [json.loads(line) for line in result.stdout.splitlines()] == [ENTRIES[1]]


def test_an_empty_list_says_so(folder: Path) -> None:
    (folder / "refused.jsonl").unlink()

    assert run().stderr == "no messages were refused\n"
    assert run("--json").stdout == ""
