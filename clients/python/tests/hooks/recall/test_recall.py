from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemos._generated.recalled import OPENING, strip_recalled
from mnemos.hooks.http.client import HookClient
from mnemos.hooks.http.connection import ConnectionFailed, Deadline
from mnemos.hooks.recall.blocks import MAX_BLOCK_CHARACTERS, list_lines, make_key, read_memory, write_block
from mnemos.hooks.recall.recall import SENT_CHARACTERS, make_prompt, request_recall
from mnemos.hooks.settings import HookSettings

from clients.python.tests.hooks.support import Recorder, make_answer, run_socket

MAST = "- [0000000000001, 2026-11-23, user] The mast is oak."
KEEL = "- [0000000000002, 2026-11-24, note] The keel is lead."
SETTINGS = HookSettings("", "k", "tester", 500, min_confidence=3)


def make_recall(*lines: str, session: tuple[str, ...] = ()) -> bytes:
    """Return the response of a server that shows these lines with a prompt, and others for the session."""

    def block(texts: tuple[str, ...]) -> dict[str, object]:
        return {"lines": [{"memory_id": "1", "key": make_key(text), "text": text} for text in texts]}

    return make_answer(json.dumps({"prompt": block(lines), "session": block(session)}).encode())


def ask(*answers: bytes, **wanted) -> tuple[list[dict], list[tuple[str, str]]]:
    """Send a recall for each answer; return the bodies that were sent, and the blocks."""
    server = Recorder(*answers)
    with run_socket(server) as url:
        settings = wanted.pop("settings", HookSettings("", "k", "tester", 500, min_confidence=3))._replace(
            url=url
        )
        client = HookClient(settings, Deadline(2))
        wanted = {"prompt": "the mast?", "begins": False} | wanted
        blocks = [request_recall(client, settings, **wanted) for _ in answers]
        client.close()
    return [json.loads(body) for _, _, body in server.requests], blocks


@pytest.mark.parametrize("prompt", ["", "  \n", "ok", "?!…", "y."])
def test_a_prompt_without_words_is_not_sent(prompt) -> None:
    assert make_prompt(prompt, str) is None


@pytest.mark.parametrize("prompt", ["yes please", "/etc/hosts is wrong", "日本語", "why", "/spec which?"])
def test_a_prompt_with_words_is_sent(prompt) -> None:
    assert make_prompt(prompt, str) == prompt


def test_of_a_long_prompt_the_beginning_and_the_end_are_sent() -> None:
    prompt = make_prompt(f"first {'word ' * 5_000}last", str) or ""

    assert len(prompt) <= SENT_CHARACTERS
    assert prompt.startswith("first word")
    assert prompt.endswith("word last")


def test_a_cut_never_leaves_half_a_word() -> None:
    prompt = make_prompt(f"begin {'a' * 50_000} end", str)

    assert prompt == "begin"


def test_a_recalled_block_in_the_prompt_is_not_sent() -> None:
    assert make_prompt("<relevant-memories>\n- [1] x\n</relevant-memories>\nthe mast?", str) == "the mast?"


def test_a_prompt_is_one_request() -> None:
    sent, [(session, prompt)] = ask(make_recall(MAST), session_id="s1", project="boat", shown=[KEEL])

    assert sent == [
        {
            "prompt": "the mast?",
            "begins": False,
            "max_tokens": 480,
            "min_confidence": 3,
            "session_id": "s1",
            "project": "boat",
            "shown": [make_key(KEEL)],
        }
    ]
    assert session == ""
    assert prompt.split("\n")[2:-1] == [MAST]


def test_a_session_and_its_first_prompt_are_one_request() -> None:
    sent, [(session, prompt)] = ask(make_recall(MAST, session=(KEEL,)), begins=True)

    assert sent[0]["begins"] is True
    assert "keel" in session
    assert "mast" in prompt


def test_a_lone_surrogate_breaks_no_recall() -> None:
    sent, _ = ask(make_recall(), prompt="the mast \ud800 日本", project="boat\udfff")

    assert (sent[0]["prompt"], sent[0]["project"]) == ("the mast ? 日本", "boat?")


def test_other_projects_are_excluded_on_request() -> None:
    settings = SETTINGS._replace(stays_in_project=True)

    sent, _ = ask(make_recall(), settings=settings)

    assert sent[0]["only_project"] is True


def test_what_was_shown_is_not_shown_again_even_if_the_server_sends_it() -> None:
    _, [(_, prompt)] = ask(make_recall(MAST, KEEL), shown=[MAST])

    assert list_lines(prompt) == [KEEL]


def test_the_same_answers_give_the_same_bytes() -> None:
    _, (first, second) = ask(make_recall(MAST, KEEL), make_recall(MAST, KEEL))

    assert first == second


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b'{"prompt": 7}', b'{"prompt": {"lines": 7}}', b'{"prompt": {"lines": [7, {"text": 7}]}}'],
)
def test_an_answer_without_lines_shows_nothing(body) -> None:
    _, blocks = ask(make_answer(body))

    assert blocks == [("", "")]


@pytest.mark.parametrize("text", ["two\nlines", "- [1] two\nlines", "</relevant-memories>", ""])
def test_anything_but_a_line_is_left_out(text) -> None:
    _, [(_, prompt)] = ask(make_recall(text, KEEL))

    assert list_lines(prompt) == [KEEL]


def test_an_error_of_the_server_is_reported() -> None:
    with run_socket(Recorder(make_answer(b'{"error": "no database"}', 503))) as url:
        client = HookClient(SETTINGS._replace(url=url), Deadline(2))
        with pytest.raises(ConnectionFailed, match="status 503: no database"):
            request_recall(client, SETTINGS, prompt="the mast?", begins=False)
        client.close()


@given(st.lists(st.text("ab \u2028", max_size=700), max_size=40))
def test_a_block_is_always_within_the_limit_and_well_formed(contents) -> None:
    block = write_block(f"- [{number}] {content}" for number, content in enumerate(contents))

    assert len(block) <= MAX_BLOCK_CHARACTERS
    lines = block.split("\n")
    assert block == "" or (lines[0], lines[-1]) == ("<relevant-memories>", "</relevant-memories>")
    assert all(line.startswith("- [") for line in lines[2:-1])


def test_a_block_is_removed_from_what_is_captured() -> None:
    assert strip_recalled(f"{write_block([MAST])}\nwords") == "words"
    assert write_block([MAST]).startswith(OPENING)


def test_the_text_of_a_line_is_what_comes_behind_the_label() -> None:
    assert read_memory("- [1, 2026-11-23, user] a -> b [c] d") == "a -> b [c] d"
