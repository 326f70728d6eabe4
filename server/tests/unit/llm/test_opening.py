"""Settings determine the language model."""

from __future__ import annotations

import pytest
from mnemo_server.llm.choice import ModelChoice
from mnemo_server.llm.openai_endpoint import OpenAiLanguageModel
from mnemo_server.llm.opening import open_language_model
from mnemo_server.settings import Settings
from pydantic import ValidationError


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MNEMO_{name.upper()}", raising=False)


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, None),
        ({"LLM_MODEL": "gpt"}, None),
        ({"LLM_API_KEY": " ", "LLM_BASE_URL": ""}, None),
        ({"EMBED_API_KEY": "k"}, None),
        ({"LLM_API_KEY": "k"}, "openai:gpt-4.1-mini"),
        ({"LLM_BASE_URL": "http://box:11434/v1", "LLM_MODEL": "qwen"}, "openai:box:11434/qwen"),
    ],
)
async def test_a_model_is_used_only_with_a_key_or_an_address(monkeypatch, variables, name):
    for variable, value in variables.items():
        monkeypatch.setenv(f"MNEMO_{variable}", value)
    model = open_language_model(Settings().model_choice)

    assert (model and model.name) == name
    if model is not None:
        await model.close()


def test_every_setting_is_passed_on_and_no_secret_is_shown(monkeypatch):
    values = {
        "API_KEY": "hunter2",
        "BASE_URL": "http://u:hunter2@box/v1",
        "MODEL": "qwen",
        "TIMEOUT_SECONDS": "7.5",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"MNEMO_LLM_{name}", value)
    choice = Settings().model_choice
    model = open_language_model(choice)

    assert choice == ModelChoice("hunter2", "http://u:hunter2@box/v1", "qwen", 7.5)
    assert isinstance(model, OpenAiLanguageModel)
    assert model._patience.seconds == 7.5
    assert "hunter2" not in repr(Settings()) + repr(choice) + repr(vars(model))


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "inf", "nan"])
def test_an_invalid_timeout_is_rejected(monkeypatch, seconds: str):
    monkeypatch.setenv("MNEMO_LLM_TIMEOUT_SECONDS", seconds)

    with pytest.raises(ValidationError):
        Settings()
