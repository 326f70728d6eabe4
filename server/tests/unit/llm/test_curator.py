"""From messages to facts, and from a fact to a decision; a failure reports the tokens it used."""

from __future__ import annotations

import pytest
from mnemo_server.domain.enrichment.facts import Fact, Known, SaidMessage
from mnemo_server.domain.enrichment.merge import NO_NEIGHBOURS, MergeAction, Neighbour
from mnemo_server.llm.curator import PromptingCurator
from mnemo_server.llm.ports import Curator, LanguageModel, ModelUnavailable, Used
from mnemo_server.testing.language_model import ScriptedModel
from mnemo_server.testing.script import fact, facts, merge

FACT = Fact("The port is 4001.", (), None, (1,), 0)


@pytest.fixture
def curator(wordings) -> Curator:
    return PromptingCurator(wordings)


def say(*contents: str) -> list[SaidMessage]:
    return [SaidMessage(100 + place, "user", content, place) for place, content in enumerate(contents)]


async def test_every_part_of_a_conversation_is_asked_about_by_itself(curator: Curator, model: LanguageModel):
    messages = say(*[f"Server {number} listens on port {4000 + number}. " * 30 for number in range(60)])
    model.say(
        "Server 59 ", lambda asked: facts(fact("Server 59 listens on 4059.", *asked.find("Server 59 ")))
    )
    requests = curator.plan(messages, Known())
    answers = [await curator.extract(model, request) for request in requests]

    assert len(requests) > 1
    assert [one.value for one in answers[:-1]] == [[]] * (len(requests) - 1)
    assert answers[-1].value == [Fact("Server 59 listens on 4059.", (), None, (159,), 59)]
    assert sum((one.used for one in answers), Used()) == model.used


async def test_a_new_tag_is_taken_only_where_none_in_use_was(curator, model):
    model.say("message", facts(fact("The port is 4000.", 1, tags=["ports", "ops"])))
    for known, tags in ((Known(["ops"]), ("ops",)), (Known(), ("ports", "ops"))):
        (request,) = curator.plan(say("The port is 4000."), known)
        assert [one.tags for one in (await curator.extract(model, request)).value] == [tags]


async def test_a_fact_that_repeats_the_boundary_is_left_out(curator, model):
    (request,) = curator.plan(say("The port is 4000."), Known())
    model.say(
        "message",
        facts(fact(f"After #{request.boundary} end comes nothing.", 1), fact("The port is 4000.", 1)),
    )

    assert [one.content for one in (await curator.extract(model, request)).value] == ["The port is 4000."]


async def test_without_neighbours_nobody_is_asked(curator, model):
    answer = await curator.merge(model, FACT, [])

    assert (answer.value, answer.used, answer.version) == (NO_NEIGHBOURS, Used(), "")
    assert model.asked == []


async def test_a_sixth_neighbour_cannot_be_named(curator, model):
    neighbours = [Neighbour(10 + number, f"The port is {4000 + number}.", 0) for number in range(1, 8)]
    model.say("memory 5", merge("supersede", 6))

    assert (await curator.merge(model, FACT, neighbours)).value.action is MergeAction.ADD


async def test_a_model_that_fails_says_what_was_used(curator, model):
    (request,) = curator.plan(say("hi"), Known())
    model.say("message", "no json", ModelUnavailable("away"))

    with pytest.raises(ModelUnavailable) as error:
        await curator.extract(model, request)
    assert error.value.used == model.used != Used()


async def test_what_a_call_takes_at_most_is_known_before_it(curator, model):
    (request,) = curator.plan(say("The port is 4000."), Known(["ops"]))
    answer = await curator.extract(model, request)

    most = answer.used.input_tokens + request.prompt.max_output_tokens
    assert most < request.prompt.estimated_tokens < 1.5 * most


def test_requests_too_small_for_the_prompt_are_refused(wordings):
    with pytest.raises(ValueError, match="has to have"):
        PromptingCurator(wordings, request_tokens=1_000)


async def test_the_fake_is_what_it_stands_for():
    model: LanguageModel = ScriptedModel()

    assert (await model.complete("s", "u", 10)).text == '{"facts": []}'
