"""Creates the chosen language model; nothing is loaded or requested before the first request."""

from __future__ import annotations

from mnemo_server.llm.choice import ModelChoice
from mnemo_server.llm.openai_endpoint import OpenAiLanguageModel
from mnemo_server.llm.ports import LanguageModel
from mnemo_server.openai_client import Patience


def open_language_model(choice: ModelChoice) -> LanguageModel | None:
    """Return the chosen model; None when none was chosen."""
    if not choice.is_on:
        return None
    # Each reservation of the budget covers one request; the job that asks is retried later.
    patience = Patience(choice.timeout_seconds, attempts=1)
    return OpenAiLanguageModel(choice.model, choice.base_url, choice.api_key, patience)
