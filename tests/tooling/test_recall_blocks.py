"""What bench.recall_blocks makes of prompts and blocks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.recall_blocks.hook import Block
from bench.recall_blocks.measures import Mean, Shown, compare, measure
from bench.recall_blocks.prompts import SETS, Prompt, load_prompts
from bench.recall_blocks.report import identify, read_json, render, to_json

LINES = (
    "<m>\ncaution\n- [0abc, 2026-03-03, user] The mast is oak.\n- [0abd, 2026-03-03, note] Kiel -> [x]\n</m>"
)


def make_shown(*turns: str, kind: str = "relevant", text: str = "p", block: str = LINES, **fields) -> Shown:
    prompt = Prompt("boat", kind, text, **{"evidence": frozenset({"D1:1"}), "must": "D1:1"} | fields)  # type: ignore[arg-type]
    return Shown(prompt, Block(block if turns else "", 50.0), turns, 0)


def test_a_block_is_read_by_the_ids_of_its_lines():
    block = Block(LINES, 50.0)

    assert block.memory_ids == ["0abc", "0abd"]
    assert block.tokens == sum(map(len, LINES.split("\n")[2:4])) / 4


def test_figures_are_about_the_prompts_that_they_name():
    shown = [
        make_shown("D1:1", text="one two"),
        make_shown("D1:2", text="three"),
        make_shown(kind="irrelevant", text="no"),
        make_shown("D1:2", kind="irrelevant", text="hard", is_hard=True),
    ]

    means = measure(shown)

    assert means["prompts: some evidence shown"] == Mean(0.5, 0.5, 2)
    assert means["prompts nothing answers: with a block"].value == 0.5
    assert means["… about the project's field: with a block"].value == 1
    assert "quiz questions: some evidence" not in means


@pytest.mark.parametrize(
    ("turns", "misleads"),
    [(("D1:9", "D1:1"), True), (("D1:1", "D1:9"), False), (("D1:9",), True), (("D1:1",), False), ((), False)],
)
def test_an_overturned_turn_misleads_where_nothing_right_comes_before_it(turns, misleads):
    assert make_shown(*turns, stale=frozenset({"D1:9"})).misleads is misleads


def test_a_gain_has_the_error_of_the_pairs():
    before = identify([make_shown("D1:2", text="a"), make_shown("D1:1", text="b"), make_shown(text="gone")])
    after = identify([make_shown("D1:1", text="a"), make_shown("D1:1", text="b"), make_shown(text="new")])

    assert compare(before, after)["prompts: some evidence shown"] == Mean(0.5, 0.5, 2)


def test_results_come_back_from_a_file(tmp_path: Path):
    shown = [make_shown("D1:1", stale=frozenset({"D1:2"}), language="de")]
    (tmp_path / "x.json").write_text(to_json(shown))

    assert read_json(tmp_path / "x.json") == identify(shown)
    assert "| before | now | gain |" in render(shown, read_json(tmp_path / "x.json"))


def test_a_file_of_another_form_is_refused(tmp_path: Path):
    (tmp_path / "x.json").write_text(json.dumps([{"project": "boat"}]))

    with pytest.raises(ValueError, match=r"x\.json isn't a result"):
        read_json(tmp_path / "x.json")


def test_our_own_set_has_prompts_of_every_kind_and_length():
    data_set, prompts = load_prompts(sorted(SETS.glob("*.json")), "own")
    turns = {
        one.name: {turn.id for part in one.sessions for turn in part.turns} for one in data_set.conversations
    }

    assert len(turns) >= 3
    for kind in ("relevant", "irrelevant"):
        lengths = [prompt.length for prompt in prompts if prompt.kind == kind]
        assert min(lengths.count(length) for length in ("short", "middling", "long")) >= 20
    assert {prompt.language for prompt in prompts} == {"en", "zh", "de", "es"}
    for prompt in prompts:
        assert prompt.evidence | prompt.stale <= turns[prompt.project]
        assert (prompt.kind in ("relevant", "other language")) is bool(prompt.must)
        assert not prompt.must or prompt.must in prompt.evidence
        assert not prompt.evidence & prompt.stale


def test_prompts_of_an_unknown_project_are_refused(tmp_path: Path):
    (tmp_path / "prompts.json").write_text(json.dumps({"irrelevant": [{"project": "sea", "prompt": "x"}]}))

    with pytest.raises(ValueError, match="no conversation of sea"):
        load_prompts([tmp_path / "prompts.json", SETS / "kiln.json"], "x")
