"""The fit of recall: what is learned from, what is measured, and what is written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from mnemo_server.domain.recall.corrections import AGE_FEATURES
from mnemo_server.domain.recall.features import PAIR_FEATURES, PROMPT_FEATURES
from mnemo_server.domain.recall.model import RecallModel, Regression
from mnemo_server.domain.recall.prompts import read_prompt
from mnemo_server.domain.recall.signs import SIGNS
from mnemo_server.index.segments.vectors import NO_VECTORS, Embedding
from mnemo_server.services.indexing import index_memory

from bench.recall.datasets import Conversation, Session, Turn
from bench.recall_blocks.prompts import Prompt
from bench.recall_fit.evaluating import Outcome
from bench.recall_fit.folds import Fitter
from bench.recall_fit.measuring import Measured, measure_projects
from bench.recall_fit.reading import (
    PROJECTS,
    PreparedPrompt,
    Project,
    list_files,
    load_sources,
    make_memories,
)
from bench.recall_fit.regressions import CannotFit, balance
from bench.recall_fit.report import measure, measure_auc, render
from bench.recall_fit.weights import LIMITS, read_limits, to_json, write_models

VALUES = dict.fromkeys(LIMITS, -1.0)
NO_EMBEDDING = Embedding(np.zeros(0, np.float32), np.zeros((0, 0), np.float32), ())
TURNS = (
    "Never deploy {0} on a Friday, the release needs Mara's review.",
    "Deploys of {0} go to port 7{1}00 from now on, no longer to 9000.",
    "ok",
    "The cause of the failing {0} import was a missing index, because the migration ran twice.",
    "Thanks, looks good.",
    "We decided to log {0} requests as JSON.",
)
PROMPTS = (
    ("relevant", "deploy {0} to the port it uses", {"D1:1", "D1:2"}),
    ("relevant", "add logging to the {0} requests", {"D1:6"}),
    ("relevant", "the {0} import is failing again with a missing index", {"D1:4"}),
    ("question", "Who reviews a release of {0}?", {"D1:1"}),
    ("irrelevant", "translate 'good morning' to Finnish", set()),
    ("irrelevant", "what does this regular expression match", set()),
    ("irrelevant", "deploy means what in plain words", set()),
)


def make_conversation(name: str, number: int = 1) -> Conversation:
    turns = tuple(
        Turn(f"D1:{place}", "user" if place % 2 else "assistant", text.format(name, number))
        for place, text in enumerate(TURNS, start=1)
    )
    session = Session(1, datetime(2026, 3, 3, 9, 12, tzinfo=UTC), turns)
    return Conversation(name, (session,), (), 0, 0, 0)


def make_project(name: str, number: int = 1) -> Project:
    memories = tuple(make_memories(make_conversation(name, number)))
    prompts = [
        Prompt(
            project=name,
            kind=kind,
            text=text.format(name),
            evidence=frozenset(evidence),
            must=min(evidence, default=""),
            stale=frozenset({"D1:1"} if evidence == {"D1:6"} else ()),
        )
        for kind, text, evidence in PROMPTS
    ]
    return Project(
        name=name,
        set_name="made up",
        turn_ids=tuple(f"D1:{memory.id}" for memory in memories),
        memories=memories,
        entries=tuple(index_memory(memory).entry for memory in memories),
        word_codes={},
        space=NO_VECTORS,
        prompts=tuple(PreparedPrompt(one, read_prompt(one.text), one.text, NO_EMBEDDING) for one in prompts),
    )


@pytest.fixture(scope="module")
def measured() -> list[Measured]:
    names = ("heron", "mallet", "cobalt", "tansy", "quarry")
    projects = [make_project(name, number) for number, name in enumerate(names)]
    return measure_projects(projects, has_vectors=False)


def make_model() -> RecallModel:
    def make(names: tuple[str, ...], *vector: float) -> Regression:
        weights = np.array([number / 7 for number in range(len(names))])
        return Regression(1 / 3, np.array(vector), weights)

    return RecallModel(
        embedding_model="a model",
        standing=make(SIGNS, 0.12345, -1.0),
        relevance=make(PAIR_FEATURES),
        overturned=make(AGE_FEATURES),
        gate=make(PROMPT_FEATURES, 1.0, 0.00004),
        **VALUES,
    )


def make_outcome(kind: str, gate: float, *shown: str) -> Outcome:
    prompt = Prompt("heron", kind, "deploy it", frozenset({"D1:1"}), "D1:1", frozenset({"D1:2"}))
    return Outcome("made up", kind, prompt, gate, gate >= 0, shown, 10 * len(shown))


def test_turns_become_the_messages_that_a_server_would_store():
    memories = list(make_memories(make_conversation("heron")))

    assert [memory.id for memory in memories] == [1, 2, 3, 4, 5, 6]
    assert [memory.seq for memory in memories] == [0, 1, 2, 3, 4, 5]
    assert all(memory.is_message and memory.is_current for memory in memories)
    assert memories[0].role == "user"
    assert memories[0].created_at == 1_772_529_120_000_000


def test_each_folder_is_a_set_of_its_own(tmp_path: Path):
    for folder, name in (("one", "heron"), ("two", "mallet")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file.json").write_text(
            json.dumps({"sample_id": name, "conversation": {}, "qa": []}), encoding="utf-8"
        )

    sources = load_sources([tmp_path / "one", tmp_path / "two" / "file.json"])

    assert [(source.conversation.name, source.set_name) for source in sources] == [
        ("heron", "one"),
        ("mallet", "two"),
    ]


def test_two_projects_of_the_same_name_are_rejected(tmp_path: Path):
    for name in ("one.json", "two.json"):
        (tmp_path / name).write_text(
            json.dumps({"sample_id": "heron", "conversation": {}, "qa": []}), encoding="utf-8"
        )

    with pytest.raises(ValueError, match="several projects named heron"):
        load_sources([tmp_path])


def test_every_label_of_our_projects_names_a_turn():
    for source in load_sources(list_files([PROJECTS])):
        known = {turn.id for session in source.conversation.sessions for turn in session.turns}
        for prompt in source.prompts:
            assert prompt.evidence | prompt.stale | prompt.also_ok <= known, prompt
            assert (prompt.kind == "irrelevant") == (not prompt.evidence), prompt
            assert not prompt.must or prompt.must in prompt.evidence, prompt
            assert not prompt.evidence & prompt.stale, prompt


def test_prompts_of_other_projects_are_cases_without_anything_that_matters(measured: list[Measured]):
    elsewhere = [case for case in measured[0].derived if case.kind == "elsewhere"]

    assert elsewhere
    assert {case.prompt.project for case in elsewhere} == {"mallet", "cobalt", "tansy", "quarry"}


def test_a_few_turns_with_the_one_that_matters_include_it(measured: list[Measured]):
    cases = [case for one in measured for case in one.derived if case.kind == "few with"]

    assert cases
    assert all(case.prompt.must in case.turn_ids for case in cases if case.turn_ids)


def test_a_few_turns_without_the_one_that_matters_lack_all_evidence(measured: list[Measured]):
    cases = [case for one in measured for case in one.derived if case.kind == "few without"]

    assert cases
    assert all(case.prompt.evidence.isdisjoint(case.turn_ids) for case in cases)


def test_both_labels_weigh_the_same_however_much_each_example_does():
    labels = np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    weights = np.array([1.0, 0.5, 1.0, 0.1, 0.1])

    balanced = balance(weights, labels)

    assert balanced[labels > 0].sum() == pytest.approx(balanced[labels == 0].sum())
    assert balanced.sum() == pytest.approx(weights.sum())
    assert balanced[0] == pytest.approx(2 * balanced[1])


def test_a_project_that_is_left_out_has_no_influence_on_the_model(measured: list[Measured]):
    pytest.importorskip("sklearn", reason="scikit-learn isn't installed: it is in the group `bench`")
    left_out = frozenset({"heron"})
    heron = measured[0]
    others = [replace(case, prepared=heron.cases[-1].prepared) for case in heron.cases]
    changed = [replace(heron, cases=tuple(others), derived=()), *measured[1:]]

    models = [to_json(Fitter(some, None).fit(left_out, VALUES)) for some in (measured, changed, measured[1:])]

    assert models[0] == models[1] == models[2]
    assert to_json(Fitter(measured, None).fit(frozenset(), VALUES)) != models[0]


def test_too_few_projects_are_rejected(measured: list[Measured]):
    with pytest.raises(CannotFit, match="4 projects or more"):
        Fitter(measured[:3], None)


def test_what_is_written_is_what_the_server_reads(tmp_path: Path):
    path = tmp_path / "weights.json"
    model = make_model()

    write_models([model, replace(model, embedding_model=None)], path)

    written = json.loads(path.read_text(encoding="utf-8"))["models"]
    read = RecallModel.read(written[0])
    assert read.embedding_model == "a model"
    assert written[1]["embedding_model"] is None
    for name in ("standing", "relevance", "overturned", "gate"):
        before, after = getattr(model, name), getattr(read, name)
        assert after.base == pytest.approx(before.base, abs=1e-4)
        assert after.weights == pytest.approx(before.weights, abs=1e-4)
        assert after.vector == pytest.approx(before.vector, abs=1e-3)
    assert read_limits(path) == {"a model": VALUES, None: VALUES}


def test_the_auc_is_the_share_of_pairs_in_the_right_order():
    auc = measure_auc([3.0, 1.0], [2.0, 1.0])

    assert auc.value == (2 + 0 + 0.5) / 4
    assert auc.error > 0
    assert measure_auc([], [1.0]).count == 0


def test_the_report_counts_what_opens_and_what_is_shown():
    outcomes = [
        make_outcome("relevant", 1.0, "D1:1", "D1:2"),
        make_outcome("relevant", -1.0),
        make_outcome("irrelevant", -2.0),
        make_outcome("irrelevant", 0.5, "D1:3"),
    ]

    figures = measure(outcomes)

    assert figures["opens for relevant prompts"].value == 0.5
    assert figures["opens for irrelevant prompts"].value == 0.5
    assert figures["relevant: some evidence shown"].value == 0.5
    assert figures["relevant: overturned turns shown"].value == 0.5
    assert figures["relevant: tokens of a block"].value == 20


def test_the_report_leaves_out_figures_of_too_few_prompts():
    outcomes = [make_outcome("relevant", gate) for gate in (1.0, -1.0) for _ in range(5)]

    assert "| opens for relevant prompts | 0.500 ± 0.167 | 0.500 ± 0.167 | 10 |" in render(outcomes)
    assert "| opens for relevant prompts |  |  | 9 |" in render(outcomes[1:])
