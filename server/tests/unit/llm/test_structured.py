"""A model is asked for an object, corrects itself once, and every token is counted."""

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
from mnemo_server.testing.script import BROKEN_ANSWERS, LYING_ANSWERS, fact, facts, merge

PROMPT = Prompt("system", "Say what you found.", 500)
RIGHT = facts(fact("The port is 4000.", 1))


async def test_a_right_answer_is_taken_at_once(model, wordings):
    model.say("found", RIGHT)
    answer = await ask(model, PROMPT, ExtractResponse, wordings.repair)

    assert answer.value.model_dump() == RIGHT
    assert len(model.asked) == 1
    assert (answer.used, answer.used.calls) == (model.used, 1)


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
async def test_fences_and_prose_around_one_object_are_put_up_with(model, wordings, text: str):
    model.say("found", text)

    assert (await ask(model, PROMPT, ExtractResponse, wordings.repair)).value.facts == []
    assert len(model.asked) == 1


@pytest.mark.parametrize("wrong", [*BROKEN_ANSWERS, *LYING_ANSWERS], ids=range(20))
async def test_a_wrong_answer_is_corrected_once(model, wordings, wrong):
    model.say("found", wrong, RIGHT)
    answer = await ask(model, PROMPT, ExtractResponse, wordings.repair)

    assert answer.value.model_dump() == RIGHT
    assert (answer.used, answer.used.calls) == (model.used, 2)


async def test_the_model_is_shown_its_answer_and_what_is_wrong_with_it(model, wordings):
    wrong = 'Well: {"facts": [{"content": "The port is 4000", "sources": "1"}]}'
    model.say("found", wrong, RIGHT)
    await ask(model, PROMPT, ExtractResponse, wordings.repair)
    again = model.asked[1]

    assert again.user.startswith(PROMPT.user)
    assert wordings.repair.text in again.user
    boundary = re.search(r"The boundary of what follows is #(\w+)", again.user)[1]
    assert f"#{boundary} your answer\n{wrong}\n#{boundary} what is wrong about it\n" in again.user
    assert "- facts.0.sources: Input should be a valid array" in again.user
    assert (again.system, again.max_output_tokens) == (PROMPT.system, PROMPT.max_output_tokens)


async def test_a_long_wrong_answer_is_shown_in_part(model, wordings):
    wrong = "x" * 100_000
    model.say("found", wrong, RIGHT)
    with_room = Prompt("system", "Say what you found.", 100_000)
    await ask(model, with_room, ExtractResponse, wordings.repair)

    assert wrong not in model.asked[1].user
    assert len(model.asked[1].user) < 10_000


@pytest.mark.parametrize("wrong", [*BROKEN_ANSWERS, *LYING_ANSWERS], ids=range(20))
async def test_two_wrong_answers_are_told_in_a_sentence_that_quotes_none(model, wordings, wrong):
    model.say("found", wrong)
    with pytest.raises(InvalidCompletion, match="answered twice in a wrong form: ") as error:
        await ask(model, PROMPT, ExtractResponse, wordings.repair)

    assert len(model.asked) == 2
    assert error.value.used == model.used
    assert error.value.used.calls == 2
    assert "4000" not in str(error.value)


@pytest.mark.parametrize("failure", [ModelUnavailable("away"), ModelRefused("no")])
async def test_a_failure_passes_through_with_what_was_used_before(model, wordings, failure):
    model.say("found", failure)
    with pytest.raises(type(failure)) as error:
        await ask(model, PROMPT, ExtractResponse, wordings.repair)
    assert error.value.used == Used()

    model.say("found", "no json", failure)
    with pytest.raises(type(failure)) as error:
        await ask(model, PROMPT, ExtractResponse, wordings.repair)
    assert error.value.used == model.used
    assert error.value.used.calls == 1


async def test_an_error_of_the_caller_passes_through_as_it_is(wordings):
    class NoBudget(Exception):
        pass

    class Limited:
        name = "limited"

        async def complete(self, *_):
            raise NoBudget

    with pytest.raises(NoBudget):
        await ask(Limited(), PROMPT, ExtractResponse, wordings.repair)


async def test_an_answer_that_was_cut_off_says_so(model, wordings):
    model.say("found", facts(*[fact(f"The port of server {n} is 4000.", 1) for n in range(100)]), RIGHT)
    await ask(model, PROMPT, ExtractResponse, wordings.repair)

    assert "- it was cut off at the longest length allowed" in model.asked[1].user


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (merge("update", 1), "content: update gives the new statement"),
        (merge("update", 1, " "), "content: update gives the new statement"),
        (merge("supersede"), "number: supersede names the number of a memory"),
        (merge("none"), "number: none names the number of a memory"),
        (merge("delete", 1), "decision: Input should be 'add', 'update'"),
        (merge("add", 1.5), "number: Input should be a valid integer"),
    ],
)
async def test_a_decision_has_what_it_needs(model, wordings, answer, fault: str):
    model.say("found", answer, merge("add"))
    await ask(model, PROMPT, MergeResponse, wordings.repair)

    assert f"- {fault}" in model.asked[1].user


def test_an_answer_of_absurd_length_is_not_read():
    with pytest.raises(NotOfThisForm, match="longer than"):
        read_response(Completion('{"facts": []}' + " " * MAX_ANSWER_CHARACTERS, 1, 1), ExtractResponse)


PARTS = st.sampled_from(
    ['{"facts": [', '{"content": "', "]}", "{}", '"', "\\", "\\ud800", "[" * 500, "NaN", "```json\n"]
)


def answer_or_faults(completion: Completion, form):
    try:
        return read_response(completion, form)
    except NotOfThisForm as error:
        return error.faults


@settings(deadline=None)
@given(st.lists(st.text(max_size=8) | PARTS, max_size=12).map("".join), st.booleans())
def test_garbage_is_an_answer_or_is_told_to_be_none(text: str, is_cut: bool):
    for form in (ExtractResponse, MergeResponse):
        assert answer_or_faults(Completion(text, 1, 1, is_cut), form)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
NAMES = st.sampled_from(["facts", "content", "sources", "tags", "subject"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
)


@settings(deadline=None)
@given(st.dictionaries(NAMES, VALUES) | VALUES)
async def test_whatever_json_is_answered_nothing_but_an_invalid_completion_is_raised(value):
    model = ScriptedModel(otherwise=json.dumps(value))
    with suppress(InvalidCompletion):
        assert (
            await ask(model, PROMPT, ExtractResponse, Wording("repair", "Again."))
        ).value.facts is not None
    assert 1 <= model.used.calls <= 2
