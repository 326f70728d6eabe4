from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemos._generated.recalled import OPENING, strip_recalled
from mnemos.hooks.http.client import Hit
from mnemos.hooks.http.connection import ConnectionFailed
from mnemos.hooks.recall.recall import (
    MAX_BLOCK_CHARACTERS,
    MAX_LINE_CHARACTERS,
    MAX_QUERY_CHARACTERS,
    format_block,
    make_query,
    recall_for_prompt,
    recall_for_session,
)
from mnemos.hooks.settings import HookSettings

SETTINGS = HookSettings("http://127.0.0.1:9", "k", "tester", 500, min_confidence=3)


def make_hit(number: int = 1, content: str = "The mast is oak.", **fields) -> Hit:
    return Hit(f"{number:013d}", content, "2026-11-23", "", "", 50)._replace(**fields)


class Source:
    """Answers each query with what was prepared for its kind, and notes the queries."""

    def __init__(self, *answers: list[Hit] | ConnectionFailed) -> None:
        self.answers = list(answers)
        self.queries: list[dict[str, str | int]] = []

    def list_memories(self, **query: str | int) -> list[Hit]:
        self.queries.append(query)
        answer = self.answers.pop(0)
        if isinstance(answer, ConnectionFailed):
            raise answer
        return answer


@pytest.mark.parametrize("prompt", ["", "  \n", "/compact keep it", "/mnemos:memory", "ok", "?!…", "y."])
def test_a_prompt_without_a_question_is_not_searched_for(prompt) -> None:
    assert make_query(prompt, str) is None


@pytest.mark.parametrize("prompt", ["yes please", "/etc/hosts is wrong", "日本語", "why"])
def test_a_prompt_with_words_is_searched_for(prompt) -> None:
    assert make_query(prompt, str) == prompt


def test_a_query_is_bounded() -> None:
    assert len(make_query("word " * 5000, str) or "") <= MAX_QUERY_CHARACTERS


def test_a_recalled_block_in_the_prompt_is_no_part_of_the_query() -> None:
    assert make_query("<relevant-memories>\n- [1] x\n</relevant-memories>\nthe mast?", str) == "the mast?"


def test_a_prompt_is_answered_with_one_search() -> None:
    source = Source([make_hit()])

    block = recall_for_prompt(source, "the mast?", SETTINGS, session_id="s1")

    assert source.queries == [{"q": "the mast?", "limit": 20}]
    assert "- [0000000000001, 2026-11-23] The mast is oak." in block


def test_the_current_session_is_not_recalled_into_itself() -> None:
    source = Source([make_hit(session_id="s1"), make_hit(2, session_id="s2")])

    block = recall_for_prompt(source, "the mast?", SETTINGS, session_id="s1")

    assert "0000000000001" not in block
    assert "0000000000002" in block


@pytest.mark.parametrize("confidences", [[2], [None], []])
def test_nothing_is_said_below_the_floor(confidences) -> None:
    source = Source([make_hit(confidence=confidence) for confidence in confidences])

    assert recall_for_prompt(source, "the mast?", SETTINGS, session_id="s1") == ""


def test_hits_far_worse_than_the_best_are_left_out() -> None:
    block = recall_for_prompt(
        Source([make_hit(1, confidence=80), make_hit(2, confidence=19)]), "the mast?", SETTINGS
    )

    assert "0000000000001" in block
    assert "0000000000002" not in block


def test_the_same_answers_give_the_same_bytes() -> None:
    hits = [make_hit(number) for number in range(5)]

    first, second = (recall_for_prompt(Source(list(hits)), "the mast?", SETTINGS) for _ in range(2))

    assert first == second


def test_content_is_flattened_escaped_and_cut() -> None:
    block = format_block([make_hit(content="a <b>\r\n& c\u2028\x07d " + "x" * 600)], 1500)

    line = block.split("\n")[2]
    assert "a &lt;b&gt; &amp; c d xxx" in line
    assert line.endswith("…")
    assert len(line) < MAX_LINE_CHARACTERS + 60


@given(st.lists(st.text(max_size=700), max_size=40))
def test_a_block_is_always_within_the_limit_and_well_formed(contents) -> None:
    block = format_block(
        (make_hit(number, content=content) for number, content in enumerate(contents)), 10_000
    )

    assert len(block) <= MAX_BLOCK_CHARACTERS
    lines = block.split("\n")
    assert block == "" or (lines[0], lines[-1]) == ("<relevant-memories>", "</relevant-memories>")
    assert all(line.startswith("- [") for line in lines[2:-1])


def test_a_session_begins_with_the_pinned_then_the_project_then_the_newest() -> None:
    pinned, own, recent = make_hit(1), make_hit(2, project="p"), make_hit(3)
    source = Source([pinned], [own], [recent, own, pinned])

    block = recall_for_session(source, SETTINGS, "p")

    assert [line[3:16] for line in block.split("\n")[2:-1]] == [
        pinned.memory_id,
        own.memory_id,
        recent.memory_id,
    ]
    assert [sorted(query) for query in source.queries] == [
        ["limit", "memory_type"],
        ["limit", "project"],
        ["limit"],
    ]


def test_a_session_is_not_told_of_other_projects() -> None:
    foreign = make_hit(1, project="other")

    assert recall_for_session(Source([foreign], [foreign]), SETTINGS, None) == ""
    assert recall_for_session(Source([foreign], [], [foreign]), SETTINGS, "p") == ""


def test_a_session_begins_with_what_came_in_time() -> None:
    block = recall_for_session(Source([make_hit()], ConnectionFailed("out of time")), SETTINGS, None)

    assert "The mast is oak." in block


@given(st.text(), st.text())
def test_what_recall_writes_is_what_capture_cuts_out(content, prompt) -> None:
    block = format_block([Hit("0abc", f"x{content}", "2026-11-23", "", "", 50)], 10_000)
    if OPENING not in prompt:
        assert strip_recalled(f"{prompt}\n{block}") == prompt.strip()


@pytest.mark.parametrize(("confidence", "is_shown"), [(39, False), (40, True)])
def test_a_memory_of_another_project_has_to_be_surer(confidence: int, is_shown: bool) -> None:
    hits = [make_hit(1, confidence=80), make_hit(2, confidence=confidence, project="other")]

    block = recall_for_prompt(Source(hits), "the mast?", SETTINGS, project="own")

    assert ("0000000000002" in block) is is_shown


def test_recall_can_be_told_to_stay_in_the_project() -> None:
    hits = [make_hit(1, project="other"), make_hit(2, project="own"), make_hit(3)]
    source = Source(hits)

    block = recall_for_prompt(source, "the mast?", SETTINGS._replace(stays_in_project=True), project="own")

    assert [line[3:16] for line in block.split("\n")[2:-1]] == ["0000000000002", "0000000000003"]
    assert source.queries[0]["limit"] == 40


@pytest.mark.parametrize(("text", "shown"), [("oak " * 100, 4), ("橡木桅杆" * 30, 4)])
def test_a_block_keeps_to_its_budget_of_tokens(text: str, shown: int) -> None:
    """About 100 tokens a line, in English and in Chinese."""
    block = format_block((make_hit(number, text) for number in range(10)), 450)

    assert block.count("\n- [") == shown


@pytest.mark.parametrize(
    "asked",
    [
        "How does the gate open?",
        "how does the GATE open",
        "And how does the gate open?",
        "水门怎么开\N{FULLWIDTH QUESTION MARK}",
    ],
)
def test_the_same_question_of_another_session_is_no_answer_and_hides_none(asked: str) -> None:
    prompt = asked if asked.startswith("水") else "How does the gate open?"
    hits = [make_hit(1, asked, confidence=99), make_hit(2, "The gate opens with ZULU-4471.", confidence=1)]

    block = recall_for_prompt(Source(hits), prompt, SETTINGS)

    assert [line[3:16] for line in block.split("\n")[2:-1]] == ["0000000000002"]


def test_a_question_with_something_new_in_it_is_shown() -> None:
    hit = make_hit(1, "Does the gate still open with ZULU-4471, or was the lock changed in May?")

    assert "ZULU-4471" in recall_for_prompt(Source([hit]), "How does the gate open?", SETTINGS)
