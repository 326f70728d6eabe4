"""Recorded responses of models to conversations, and the expected results: see recorded/README.md."""

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
    """Stand in for redaction, whose own rules are tested elsewhere."""
    return text.replace("hunter2", "[redacted:password:12345678]")


@pytest.fixture
def curator(wordings) -> PromptingCurator:
    return PromptingCurator(wordings, clean=clean)


def read_time(said: str) -> int:
    return to_microseconds(datetime.fromisoformat(said).replace(tzinfo=UTC))


def read_messages(case: dict[str, Any]) -> list[SaidMessage]:
    return [
        SaidMessage(
            id=100 + number,
            role=message["role"],
            content=message["content"],
            said_at=read_time(message.get("said", NOON)),
            name=message.get("name"),
        )
        for number, message in enumerate(case["messages"], start=1)
    ]


def describe(fact: Fact) -> dict[str, Any]:
    return {
        "content": fact.content,
        "tags": list(fact.tags),
        "subject": fact.subject,
        "sources": [memory_id - 100 for memory_id in fact.sources],
    }


@pytest.mark.parametrize("name", EXTRACTIONS)
async def test_valid_facts_of_a_response_are_kept(curator, name: str):
    case = CASES[name]
    model = ScriptedModel()
    model.respond_to("message 1", *case["responses"])
    messages = read_messages(case)
    (request,) = curator.plan(messages, Known(case.get("tags", []), case.get("subjects", [])))
    if "invalid" in case:
        with pytest.raises(InvalidCompletion, match=case["invalid"]) as error:
            await curator.extract(model, request)
        assert error.value.used == model.used
    else:
        response = await curator.extract(model, request)
        assert [describe(fact) for fact in response.value] == case["facts"]
        said_at = {message.id: message.said_at for message in messages}
        assert all(fact.said_at == max(said_at[source] for source in fact.sources) for fact in response.value)
        assert response.used == model.used
        assert response.version.startswith("extract@")
    assert len(model.requests) == len(case["responses"])


@pytest.mark.parametrize("name", MERGES)
async def test_valid_decisions_of_a_response_are_followed(curator, name: str):
    case = CASES[name]
    model = ScriptedModel()
    model.respond_to("memory 1", *case["responses"])
    proposed = case["fact"]
    fact = Fact(
        proposed["content"], (), proposed.get("subject"), (101,), read_time(proposed.get("said", NOON))
    )
    neighbours = [
        Neighbour(
            memory_id=10 + number,
            content=one["content"] * one.get("times", 1),
            said_at=read_time(one.get("said", NOON)),
            is_pinned=one.get("pinned", False),
            subject=one.get("subject"),
        )
        for number, one in enumerate(case["neighbours"], start=1)
    ]
    response = await curator.merge(model, fact, neighbours)

    expected = case["decision"]
    assert response.value == MergeDecision(
        expected["action"],
        10 + expected["number"] if "number" in expected else None,
        expected.get("content"),
        response.value.reason,
    )
    assert response.used == model.used
    assert response.version.startswith("merge@")
    assert len(model.requests) == len(case["responses"])


def test_there_are_cases_of_every_kind():
    assert len(CASES) == len(EXTRACTIONS) + len(MERGES) >= 25
    languages = "".join(case["about"] for case in CASES.values())
    for kind in ("German", "Chinese", "code", "contradict", "injection", "broken JSON"):
        assert kind in languages, kind
