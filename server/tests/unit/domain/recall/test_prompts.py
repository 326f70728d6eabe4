from __future__ import annotations

import pytest
from mnemo_server.domain.recall.prompts import read_prompt


@pytest.mark.parametrize("text", ["", " \n", "ok", "?!", "/compact", "/mnemos:memory  ", "/spec ?"])
def test_a_prompt_without_words_is_not_searched(text):
    assert read_prompt(text) is None


def test_the_text_after_a_host_command_is_searched():
    prompt = read_prompt("/spec which port does the importer use?")

    assert prompt is not None
    assert (prompt.text, prompt.is_command) == ("which port does the importer use?", True)


@pytest.mark.parametrize("text", ["/etc/hosts is wrong", "/usr/bin isn't on the path"])
def test_a_path_is_not_taken_for_a_command(text):
    prompt = read_prompt(text)

    assert prompt is not None
    assert (prompt.text, prompt.is_command) == (text, False)


def test_a_recalled_block_is_removed_from_the_prompt():
    prompt = read_prompt("<relevant-memories>\n- [1] x\n</relevant-memories>\nthe mast?")

    assert prompt is not None
    assert prompt.text == "the mast?"


def test_pasted_code_is_searched_by_keywords_but_not_embedded():
    pasted = "why does the import fail?\n```\nraise KeyError(name)\n```\n"

    prompt = read_prompt(pasted)

    assert prompt is not None
    assert "KeyError" in prompt.text
    assert prompt.words == "why does the import fail?"


def test_log_lines_are_not_embedded():
    lines = [
        '  File "a.py", line 3, in run',
        "2026-03-01 12:00:01 ERROR no space",
        "    at Foo.bar(Foo.java:3)",
    ]

    prompt = read_prompt("\n".join(["look at this crash please", *lines]))

    assert prompt is not None
    assert prompt.words == "look at this crash please"


@pytest.mark.parametrize("text", ["```\nSELECT 1\n```", "fix it\n```\nSELECT 1 FROM boats\n```"])
def test_a_prompt_that_is_mostly_code_is_embedded_whole(text):
    prompt = read_prompt(text)

    assert prompt is not None
    assert prompt.words == text
