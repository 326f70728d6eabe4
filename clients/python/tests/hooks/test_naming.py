from __future__ import annotations

import sys

import pytest
from mnemos.hooks.naming import hash_text, name_session


def test_a_plain_session_names_its_file_itself() -> None:
    assert name_session("086d-aB_9") == "086d-aB_9"


@pytest.mark.parametrize("session_id", ["", "agent:main:1", "../up", "a" * 101, "\ud800", ".hidden", "a/b"])
def test_any_other_session_has_a_safe_name_of_its_own(session_id) -> None:
    name = name_session(session_id)

    assert name.removeprefix("session.").isalnum()
    assert name != name_session(f"{session_id}x:")


def test_the_quick_way_and_the_standard_one_give_the_same(monkeypatch) -> None:
    quick = hash_text("boat")
    monkeypatch.setitem(sys.modules, "_blake2", None)

    assert hash_text("boat") == quick
