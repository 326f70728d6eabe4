"""A language model behind OpenAI's API: called in a form it accepts, retried, and checked."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from base64 import b64encode
from email.utils import formatdate

import pytest
from mnemo_server.domain.tokens import estimate_tokens
from mnemo_server.llm.openai_endpoint import OpenAiLanguageModel
from mnemo_server.llm.ports import Completion, ModelMisconfigured, ModelRefused, ModelUnavailable
from mnemo_server.openai_client import Patience
from mnemo_server.testing.script import Stall

from tests.support.models.chat_endpoint import run_chat_endpoint

KEY = "sk-hunter2"
PASSWORD = "correcthorse"
ATTEMPTS = 3
TEXT = '{"facts": []}'


@pytest.fixture
def endpoint():
    with run_chat_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
async def make_model(endpoint):
    models = []

    def make(
        seconds: float = 30, base_url: str | None = None, api_key: str | None = KEY
    ) -> OpenAiLanguageModel:
        patience = Patience(seconds, attempts=ATTEMPTS, first_pause_seconds=0.001)
        models.append(OpenAiLanguageModel("m", base_url or endpoint.base_url, api_key, patience))
        return models[-1]

    yield make
    for model in models:
        await model.close()


@pytest.fixture
def model(make_model) -> OpenAiLanguageModel:
    return make_model()


async def ask(model: OpenAiLanguageModel) -> Completion:
    return await model.complete("Answer in JSON.", "What is new?", 700)


async def test_a_request_contains_the_prompt_and_asks_for_json(model, endpoint):
    completion = await ask(model)

    (request,) = endpoint.requests
    assert request.body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Answer in JSON."},
            {"role": "user", "content": "What is new?"},
        ],
        "max_tokens": 700,
        "response_format": {"type": "json_object"},
    }
    assert request.headers["authorization"] == f"Bearer {KEY}"
    input_tokens = estimate_tokens("Answer in JSON.") + estimate_tokens("What is new?")
    assert completion == Completion(TEXT, input_tokens, estimate_tokens(TEXT))


def test_only_hosts_other_than_openais_are_part_of_the_name(make_model):
    assert OpenAiLanguageModel("gpt", None, KEY, Patience(1)).name == "openai:gpt"
    assert make_model(base_url="http://me:hunter2@box.example:11434/v1").name == "openai:box.example:11434/m"


async def test_an_unsupported_parameter_is_omitted_in_later_requests(model, endpoint):
    endpoint.unknown_members = {"response_format"}
    await ask(model)
    await ask(model)

    assert ["response_format" in request.body for request in endpoint.requests] == [True, False, False]


async def test_the_other_name_of_the_token_limit_is_tried(model, endpoint):
    endpoint.unknown_members = {"max_tokens"}
    await ask(model)
    await ask(model)

    last_body, previous_body = endpoint.requests[-1].body, endpoint.requests[-2].body
    assert last_body == previous_body
    assert last_body["max_completion_tokens"] == 700
    assert "max_tokens" not in last_body
    assert "response_format" in last_body


def test_openai_is_called_with_the_newer_name_of_the_token_limit_first():
    model = OpenAiLanguageModel("gpt", None, KEY, Patience(1))

    assert [form.limit for form in model._forms] == ["max_completion_tokens"] * 2 + ["max_tokens"] * 2


async def test_a_request_refused_in_every_form_is_reported(model, endpoint):
    for _ in range(4):
        endpoint.respond_next(400, {"error": {"message": "too long"}})
    with pytest.raises(ModelRefused, match="status 400"):
        await ask(model)
    assert len(endpoint.requests) == 4

    await ask(model)
    endpoint.respond_next(422, {"error": {"message": "too long"}})
    with pytest.raises(ModelRefused, match="status 422"):
        await ask(model)
    assert len(endpoint.requests) == 6


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
async def test_a_temporary_failure_is_retried(model, endpoint, status: int):
    endpoint.respond_next(status, {"error": {"message": "later"}}, retry_after="0")

    assert (await ask(model)).text == TEXT
    assert len(endpoint.requests) == 2


async def test_a_broken_connection_is_retried(model, endpoint):
    endpoint.respond_next()

    assert (await ask(model)).text == TEXT
    assert len(endpoint.requests) == 2


async def test_a_permanent_failure_is_reported_after_the_last_attempt(model, endpoint):
    for _ in range(ATTEMPTS):
        endpoint.respond_next(500, "broken")

    with pytest.raises(ModelUnavailable, match="status 500"):
        await ask(model)
    assert len(endpoint.requests) == ATTEMPTS
    assert (await ask(model)).text == TEXT


async def test_a_long_retry_after_is_reported_and_not_waited_for(model, endpoint):
    for retry_after in ("3600", formatdate(time.time() + 3_600, usegmt=True)):
        endpoint.respond_next(429, {}, retry_after=retry_after)
        with pytest.raises(ModelUnavailable, match="status 429") as error:
            await ask(model)
        assert 3_500 < error.value.retry_after_seconds <= 3_600
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize("retry_after", ["", "soon", "-5", "nan", "inf", "Mon, 01 Jan 0001 00:00:00 +2400"])
async def test_an_invalid_retry_after_is_ignored(model, endpoint, retry_after: str):
    endpoint.respond_next(503, {}, retry_after=retry_after)

    assert (await ask(model)).text == TEXT


async def test_an_endpoint_that_hangs_times_out(make_model, endpoint):
    endpoint.respond_to("new", Stall())

    with pytest.raises(ModelUnavailable, match=r"within 0\.3 seconds|can't be reached"):
        await ask(make_model(seconds=0.3))


async def test_an_unreachable_address_is_reported_without_the_password(make_model, unused_tcp_port):
    with pytest.raises(ModelUnavailable, match="can't be reached") as error:
        await ask(make_model(base_url=f"http://me:{PASSWORD}@127.0.0.1:{unused_tcp_port}/v1"))
    assert PASSWORD not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize("status", [401, 402, 403, 404])
async def test_wrong_settings_are_reported_without_showing_the_key(model, endpoint, status: int, caplog):
    caplog.set_level(logging.DEBUG)
    endpoint.respond_next(status, {"error": {"message": f"Incorrect API key provided: {KEY}"}})

    with pytest.raises(ModelMisconfigured, match="check MNEMO_LLM_API_KEY") as error:
        await ask(model)
    shown = "".join(traceback.format_exception(error.value)) + caplog.text + repr(vars(model))
    assert KEY not in shown
    assert len(endpoint.requests) == 1


async def test_a_password_in_the_url_is_sent_and_never_logged(make_model, endpoint, caplog):
    caplog.set_level(logging.DEBUG)
    model = make_model(base_url=endpoint.base_url.replace("http://", "http://me:hunter2@"))
    await ask(model)

    assert endpoint.requests[0].headers["authorization"] == f"Basic {b64encode(b'me:hunter2').decode()}"
    assert endpoint.base_url in caplog.text
    assert "hunter2" not in caplog.text + repr(model._access)


@pytest.mark.parametrize(
    ("base_url", "api_key", "setting"),
    [("box:1", KEY, "MNEMO_LLM_BASE_URL"), (None, "sk-\nhunter2", "MNEMO_LLM_API_KEY")],
)
async def test_settings_that_cannot_be_used_are_reported_without_being_shown(
    make_model, base_url, api_key, setting
):
    with pytest.raises(ModelMisconfigured, match=setting) as error:
        await ask(make_model(base_url=base_url, api_key=api_key))
    assert "hunter2" not in str(error.value)


async def test_variables_of_the_openai_client_are_ignored(make_model, endpoint, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    monkeypatch.setenv("OPENAI_ORG_ID", "other")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    await ask(make_model(api_key=None))

    assert endpoint.requests[0].headers["authorization"] == "Bearer none"
    assert "openai-organization" not in endpoint.requests[0].headers


def completion_of(**fields):
    return {
        "choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"} | fields]
    }


@pytest.mark.parametrize(
    "body",
    [
        "{not json",
        "<html>502</html>",
        "[" * 100_000,
        "null",
        "[]",
        "{}",
        '{"choices": []}',
        '{"choices": null}',
        '{"choices": [null]}',
        '{"choices": [{}]}',
        completion_of(message=None),
        completion_of(message="hi"),
    ],
    ids=range(12),
)
async def test_an_invalid_completion_is_rejected(model, endpoint, body):
    endpoint.respond_next(200, body)

    with pytest.raises(ModelUnavailable, match="something other than text"):
        await ask(model)


@pytest.mark.parametrize("content", [None, "", 7, ["hi"]])
async def test_a_completion_without_a_text_is_empty(model, endpoint, content):
    endpoint.respond_next(200, completion_of(message={"content": content}))

    assert (await ask(model)).text == ""


async def test_a_truncated_completion_is_marked(model, endpoint):
    endpoint.respond_next(200, completion_of(finish_reason="length"))

    assert (await ask(model)).is_cut
    assert not (await ask(model)).is_cut


@pytest.mark.parametrize(
    "fields",
    [
        {"message": {"content": None, "refusal": "I can't help with that."}},
        {"message": {"content": ""}, "finish_reason": "content_filter"},
    ],
)
async def test_a_refusal_is_reported_with_the_tokens_used(model, endpoint, fields):
    body = completion_of(**fields) | {"usage": {"prompt_tokens": 40, "completion_tokens": 2}}
    endpoint.respond_next(200, body)

    with pytest.raises(ModelRefused, match="refuses to respond") as error:
        await ask(model)
    assert (error.value.used.calls, error.value.used.input_tokens, error.value.used.output_tokens) == (
        1,
        40,
        2,
    )


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [],
        {},
        {"prompt_tokens": "9", "completion_tokens": False},
        {"prompt_tokens": -1},
        {"prompt_tokens": 1e99},
    ],
)
async def test_without_valid_usage_the_upper_bound_is_counted(model, endpoint, usage):
    endpoint.respond_next(200, completion_of() | {"usage": usage})

    completion = await ask(model)
    assert (completion.input_tokens, completion.output_tokens) == (33, 1)


async def test_concurrent_requests_share_one_client(model, endpoint):
    responses = await asyncio.gather(*(ask(model) for _ in range(5)))

    assert [response.text for response in responses] == [TEXT] * 5
    assert len(endpoint.requests) == 5


async def test_nothing_is_sent_after_close(model, endpoint):
    await ask(model)
    await model.close()

    with pytest.raises(ModelUnavailable, match="closed"):
        await ask(model)
    assert len(endpoint.requests) == 1
