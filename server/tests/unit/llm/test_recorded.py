"""Recorded replies of models to conversations, and what must result from them: see recorded/README.md."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mnemo_server.domain.enrichment.facts import Fact, Known, SaidMessage
from mnemo_server.domain.enrichment.merge import MergeDecision, Neighbour
from mnemo_server.llm.curator import PromptingCurator
from mnemo_server.llm.ports import InvalidCompletion
from mnemo_server.testing.language_model import ScriptedModel
from mnemos_contract.base import to_microseconds

FILES = sorted((Path(__file__).parent / "recorded").glob("*.json"))
CASES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}
EXTRACTIONS = [name for name, case in CASES.items() if "messages" in case]
MERGES = [name for name, case in CASES.items() if "neighbours" in case]
NOON = "2026-11-24T12:00:00+00:00"


def clean(text: str) -> str:
    """Stands for redaction, whose own rules are tested elsewhere."""
    return text.replace("hunter2", "[redacted:password:12345678]")


@pytest.fixture
def curator(wordings) -> PromptingCurator:
    return PromptingCurator(wordings, clean=clean)


def read_moment(said: str) -> int:
    return to_microseconds(datetime.fromisoformat(said).replace(tzinfo=UTC))


def read_messages(case: dict[str, Any]) -> list[SaidMessage]:
    return [
        SaidMessage(
            id=100 + number,
            role=said["role"],
            content=said["content"],
            said_at=read_moment(said.get("said", NOON)),
            name=said.get("name"),
        )
        for number, said in enumerate(case["messages"], start=1)
    ]


def describe(fact: Fact) -> dict[str, Any]:
    return {
        "content": fact.content,
        "tags": list(fact.tags),
        "subject": fact.subject,
        "sources": [memory_id - 100 for memory_id in fact.sources],
    }


@pytest.mark.parametrize("name", EXTRACTIONS)
async def test_of_an_answer_the_facts_are_kept_that_hold(curator, name: str):
    case = CASES[name]
    model = ScriptedModel()
    model.say("message 1", *case["answers"])
    messages = read_messages(case)
    (request,) = curator.plan(messages, Known(case.get("tags", []), case.get("subjects", [])))
    if "invalid" in case:
        with pytest.raises(InvalidCompletion, match=case["invalid"]) as error:
            await curator.extract(model, request)
        assert error.value.used == model.used
    else:
        answer = await curator.extract(model, request)
        assert [describe(fact) for fact in answer.value] == case["facts"]
        said = {message.id: message.said_at for message in messages}
        assert all(fact.said_at == max(said[source] for source in fact.sources) for fact in answer.value)
        assert answer.used == model.used
        assert answer.version.startswith("extract@")
    assert len(model.asked) == len(case["answers"])


@pytest.mark.parametrize("name", MERGES)
async def test_of_an_answer_the_decision_is_taken_that_may_be(curator, name: str):
    case = CASES[name]
    model = ScriptedModel()
    model.say("memory 1", *case["answers"])
    proposed = case["fact"]
    fact = Fact(
        proposed["content"], (), proposed.get("subject"), (101,), read_moment(proposed.get("said", NOON))
    )
    neighbours = [
        Neighbour(
            memory_id=10 + number,
            content=one["content"] * one.get("times", 1),
            said_at=read_moment(one.get("said", NOON)),
            is_pinned=one.get("pinned", False),
            subject=one.get("subject"),
        )
        for number, one in enumerate(case["neighbours"], start=1)
    ]
    answer = await curator.merge(model, fact, neighbours)

    expected = case["decision"]
    assert answer.value == MergeDecision(
        expected["action"],
        10 + expected["number"] if "number" in expected else None,
        expected.get("content"),
        answer.value.reason,
    )
    assert answer.used == model.used
    assert answer.version.startswith("merge@")
    assert len(model.asked) == len(case["answers"])


def test_there_are_cases_of_every_kind():
    assert len(CASES) == len(EXTRACTIONS) + len(MERGES) >= 25
    languages = "".join(case["about"] for case in CASES.values())
    for kind in ("German", "Chinese", "code", "contradict", "injection", "broken JSON"):
        assert kind in languages, kind
