"""A model is asked for an object, gets one chance to correct it, and every token is counted."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo_server.llm.ports import (
    Completion,
    InvalidCompletion,
    ModelRefused,
    ModelUnavailable,
    Prompt,
    Used,
)
from mnemo_server.llm.prompts.files import Wording
from mnemo_server.llm.response_models import ExtractResponse, MergeResponse
from mnemo_server.llm.structured import MAX_ANSWER_CHARACTERS, NotOfThisForm, ask, read_response
from mnemo_server.testing.language_model import ScriptedModel
from mnemo_server.testing.script import MALFORMED_RESPONSES, MISTYPED_RESPONSES, fact, facts, merge

PROMPT = Prompt("system", "Say what you found.", 500)
VALID = facts(fact("The port is 4000.", 1))


async def test_a_valid_response_is_accepted_at_once(model, wordings):
    model.respond_to("found", VALID)
    response = await ask(model, PROMPT, ExtractResponse, wordings.repair)

    assert response.value.model_dump() == VALID
    assert len(model.requests) == 1
    assert (response.used, response.used.calls) == (model.used, 1)


@pytest.mark.parametrize(
    "text",
    [
        'Here you are:\n```json\n{"facts": []}\n```',
        '```\n{"facts": []}\n```',
        '<think>{"facts": [{"content": 1}]} no</think>{"facts": []}',
        'In short, {"facts": []} is all.',
        'I use {braces} too. {"facts": [], "confidence": 0.9}',
        '{"facts": []}\n{"facts": []}',
        '\ufeff{"facts": []}',
    ],
)
async def test_code_fences_and_prose_around_one_object_are_accepted(model, wordings, text: str):
    model.respond_to("found", text)

    assert (await ask(model, PROMPT, ExtractResponse, wordings.repair)).value.facts == []
    assert len(model.requests) == 1


@pytest.mark.parametrize("invalid", [*MALFORMED_RESPONSES, *MISTYPED_RESPONSES], ids=range(20))
async def test_a_model_can_correct_an_invalid_response_once(model, wordings, invalid):
    model.respond_to("found", invalid, VALID)
    response = await ask(model, PROMPT, ExtractResponse, wordings.repair)

    assert response.value.model_dump() == VALID
    assert (response.used, response.used.calls) == (model.used, 2)


async def test_the_model_is_shown_its_response_and_the_problems(model, wordings):
    invalid = 'Well: {"facts": [{"content": "The port is 4000", "sources": "1"}]}'
    model.respond_to("found", invalid, VALID)
    await ask(model, PROMPT, ExtractResponse, wordings.repair)
    correction = model.requests[1]

    assert correction.user.startswith(PROMPT.user)
    assert wordings.repair.text in correction.user
    boundary = re.search(r"The boundary of what follows is #(\w+)", correction.user)[1]
    assert f"#{boundary} your answer\n{invalid}\n#{boundary} what is wrong about it\n" in correction.user
    assert "- facts.0.sources: Input should be a valid array" in correction.user
    assert (correction.system, correction.max_output_tokens) == (PROMPT.system, PROMPT.max_output_tokens)


async def test_a_long_invalid_response_is_shown_in_part(model, wordings):
    invalid = "x" * 100_000
    model.respond_to("found", invalid, VALID)
    long_prompt = Prompt("system", "Say what you found.", 100_000)
    await ask(model, long_prompt, ExtractResponse, wordings.repair)

    assert invalid not in model.requests[1].user
    assert len(model.requests[1].user) < 10_000


@pytest.mark.parametrize("invalid", [*MALFORMED_RESPONSES, *MISTYPED_RESPONSES], ids=range(20))
async def test_two_invalid_responses_raise_an_error_that_quotes_neither(model, wordings, invalid):
    model.respond_to("found", invalid)
    with pytest.raises(InvalidCompletion, match="answered twice in a wrong form: ") as error:
        await ask(model, PROMPT, ExtractResponse, wordings.repair)

    assert len(model.requests) == 2
    assert error.value.used == model.used
    assert error.value.used.calls == 2
    assert "4000" not in str(error.value)


@pytest.mark.parametrize("failure", [ModelUnavailable("away"), ModelRefused("no")])
async def test_an_error_of_the_model_reports_the_tokens_used_before(model, wordings, failure):
    model.respond_to("found", failure)
    with pytest.raises(type(failure)) as error:
        await ask(model, PROMPT, ExtractResponse, wordings.repair)
    assert error.value.used == Used()

    model.respond_to("found", "no json", failure)
    with pytest.raises(type(failure)) as error:
        await ask(model, PROMPT, ExtractResponse, wordings.repair)
    assert error.value.used == model.used
    assert error.value.used.calls == 1


async def test_an_error_of_the_caller_is_not_changed(wordings):
    class NoBudget(Exception):
        pass

    class Limited:
        name = "limited"

        async def complete(self, *_):
            raise NoBudget

    with pytest.raises(NoBudget):
        await ask(Limited(), PROMPT, ExtractResponse, wordings.repair)


async def test_a_truncated_response_is_reported_as_truncated(model, wordings):
    model.respond_to(
        "found", facts(*[fact(f"The port of server {n} is 4000.", 1) for n in range(100)]), VALID
    )
    await ask(model, PROMPT, ExtractResponse, wordings.repair)

    assert "- it was cut off at the longest length allowed" in model.requests[1].user


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (merge("update", 1), "content: update gives the new statement"),
        (merge("update", 1, " "), "content: update gives the new statement"),
        (merge("supersede"), "number: supersede names the number of a memory"),
        (merge("none"), "number: none names the number of a memory"),
        (merge("delete", 1), "decision: Input should be 'add', 'update'"),
        (merge("add", 1.5), "number: Input should be a valid integer"),
    ],
)
async def test_a_decision_needs_its_fields(model, wordings, response, problem: str):
    model.respond_to("found", response, merge("add"))
    await ask(model, PROMPT, MergeResponse, wordings.repair)

    assert f"- {problem}" in model.requests[1].user


def test_an_extremely_long_response_is_not_parsed():
    with pytest.raises(NotOfThisForm, match="longer than"):
        read_response(Completion('{"facts": []}' + " " * MAX_ANSWER_CHARACTERS, 1, 1), ExtractResponse)


PARTS = st.sampled_from(
    ['{"facts": [', '{"content": "', "]}", "{}", '"', "\\", "\\ud800", "[" * 500, "NaN", "```json\n"]
)


def read_or_list_problems(completion: Completion, form):
    try:
        return read_response(completion, form)
    except NotOfThisForm as error:
        return error.faults


@settings(deadline=None)
@given(st.lists(st.text(max_size=8) | PARTS, max_size=12).map("".join), st.booleans())
def test_garbage_is_a_valid_response_or_has_problems(text: str, is_cut: bool):
    for form in (ExtractResponse, MergeResponse):
        assert read_or_list_problems(Completion(text, 1, 1, is_cut), form)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
NAMES = st.sampled_from(["facts", "content", "sources", "tags", "subject"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
)


@settings(deadline=None)
@given(st.dictionaries(NAMES, VALUES) | VALUES)
async def test_any_json_response_is_valid_or_raises_invalid_completion(value):
    model = ScriptedModel(default=json.dumps(value))
    with suppress(InvalidCompletion):
        assert (
            await ask(model, PROMPT, ExtractResponse, Wording("repair", "Again."))
        ).value.facts is not None
    assert 1 <= model.used.calls <= 2
