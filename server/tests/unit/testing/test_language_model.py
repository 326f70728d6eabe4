"""The scripted model has the properties that other tests rely on."""

from __future__ import annotations

import asyncio

import pytest
from mnemo_server.domain.tokens import estimate_tokens
from mnemo_server.llm.ports import Completion, ModelRefused, ModelUnavailable, Used
from mnemo_server.testing.language_model import ScriptedModel
from mnemo_server.testing.script import Rule, Stall, fact, facts


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel(Rule("tea", ["one", "two"]), default="nothing")


async def ask(model: ScriptedModel, user: str, limit: int = 100) -> str:
    return (await model.complete("system", user, limit)).text


async def test_responses_are_sent_in_turn_and_the_last_one_is_repeated(model):
    assert [await ask(model, "tea") for _ in range(3)] == ["one", "two", "two"]
    assert await ask(model, "coffee") == "nothing"
    assert [request.user for request in model.requests] == ["tea", "tea", "tea", "coffee"]


async def test_a_later_rule_takes_precedence(model):
    model.respond_to("tea", facts(fact("Tea is ready.", 1)))

    assert '"Tea is ready."' in await ask(model, "tea")


async def test_tokens_are_counted_and_long_responses_truncated(model):
    model.respond_to("long", "word " * 100)
    completion = await model.complete("system", "long", 10)

    assert completion.is_cut
    assert estimate_tokens(completion.text) <= 10
    assert (
        model.used
        == completion.used
        == Used(1, estimate_tokens("system") + estimate_tokens("long"), completion.output_tokens)
    )
    assert await model.complete("system", "tea", 10) == Completion("one", completion.input_tokens - 1, 1)


async def test_it_raises_the_errors_that_are_set(model):
    model.is_down = True
    with pytest.raises(ModelUnavailable):
        await ask(model, "tea")
    model.is_down = False
    failure = ModelRefused("no")
    model.respond_to("tea", failure)
    for _ in range(2):
        with pytest.raises(ModelRefused) as error:
            await ask(model, "tea")
        error.value.used += Used(1, 1, 1)
    assert failure.used == Used()


async def test_it_stalls_until_it_is_released(model):
    model.respond_to("tea", Stall())
    task = asyncio.create_task(ask(model, "tea"))
    await asyncio.wait_for(model.stalling.wait(), 30)
    assert not task.done()

    model.release.set()
    assert await asyncio.wait_for(task, 30) == '{"facts": []}'


async def test_it_can_be_closed(model):
    await model.close()

    assert model.is_closed
