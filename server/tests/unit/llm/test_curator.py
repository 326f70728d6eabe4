"""Messages become facts, and facts become decisions; errors report the tokens that were used."""

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


def make_messages(*contents: str) -> list[SaidMessage]:
    return [SaidMessage(100 + place, "user", content, place) for place, content in enumerate(contents)]


async def test_every_part_of_a_conversation_is_one_request(curator: Curator, model: LanguageModel):
    messages = make_messages(
        *[f"Server {number} listens on port {4000 + number}. " * 30 for number in range(60)]
    )
    model.respond_to(
        "Server 59 ", lambda request: facts(fact("Server 59 listens on 4059.", *request.find("Server 59 ")))
    )
    requests = curator.plan(messages, Known())
    responses = [await curator.extract(model, request) for request in requests]

    assert len(requests) > 1
    assert [one.value for one in responses[:-1]] == [[]] * (len(requests) - 1)
    assert responses[-1].value == [Fact("Server 59 listens on 4059.", (), None, (159,), 59)]
    assert sum((one.used for one in responses), Used()) == model.used


async def test_a_new_tag_is_accepted_only_if_no_existing_one_was(curator, model):
    model.respond_to("message", facts(fact("The port is 4000.", 1, tags=["ports", "ops"])))
    for known, tags in ((Known(["ops"]), ("ops",)), (Known(), ("ports", "ops"))):
        (request,) = curator.plan(make_messages("The port is 4000."), known)
        assert [one.tags for one in (await curator.extract(model, request)).value] == [tags]


async def test_a_fact_that_contains_the_boundary_is_left_out(curator, model):
    (request,) = curator.plan(make_messages("The port is 4000."), Known())
    model.respond_to(
        "message",
        facts(fact(f"After #{request.boundary} end comes nothing.", 1), fact("The port is 4000.", 1)),
    )

    assert [one.content for one in (await curator.extract(model, request)).value] == ["The port is 4000."]


async def test_without_neighbours_the_model_is_not_called(curator, model):
    response = await curator.merge(model, FACT, [])

    assert (response.value, response.used, response.version) == (NO_NEIGHBOURS, Used(), "")
    assert model.requests == []


async def test_a_neighbour_that_was_not_included_cannot_be_chosen(curator, model):
    neighbours = [Neighbour(10 + number, f"The port is {4000 + number}.", 0) for number in range(1, 8)]
    model.respond_to("memory 5", merge("supersede", 6))

    assert (await curator.merge(model, FACT, neighbours)).value.action is MergeAction.ADD


async def test_an_error_of_the_model_reports_the_tokens_used(curator, model):
    (request,) = curator.plan(make_messages("hi"), Known())
    model.respond_to("message", "no json", ModelUnavailable("away"))

    with pytest.raises(ModelUnavailable) as error:
        await curator.extract(model, request)
    assert error.value.used == model.used != Used()


async def test_the_estimate_is_an_upper_bound_of_the_tokens_used(curator, model):
    (request,) = curator.plan(make_messages("The port is 4000."), Known(["ops"]))
    response = await curator.extract(model, request)

    upper_bound = response.used.input_tokens + request.prompt.max_output_tokens
    assert upper_bound < request.prompt.estimated_tokens < 1.5 * upper_bound


def test_request_limits_too_small_for_the_prompt_are_rejected(wordings):
    with pytest.raises(ValueError, match="has to have"):
        PromptingCurator(wordings, request_tokens=1_000)


async def test_the_scripted_model_is_a_language_model():
    model: LanguageModel = ScriptedModel()

    assert (await model.complete("s", "u", 10)).text == '{"facts": []}'
