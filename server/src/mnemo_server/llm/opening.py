"""From a choice to a language model; nothing is loaded or asked before the first request."""

from __future__ import annotations

from mnemo_server.llm.choice import ModelChoice
from mnemo_server.llm.openai_endpoint import OpenAiLanguageModel
from mnemo_server.llm.ports import LanguageModel
from mnemo_server.openai_client import Patience


def open_language_model(choice: ModelChoice) -> LanguageModel | None:
    """Make the model that was chosen; None when none was."""
    if not choice.is_on:
        return None
    # One request for one leave of the budget; the job that asks is tried again later.
    patience = Patience(choice.timeout_seconds, attempts=1)
    return OpenAiLanguageModel(choice.model, choice.base_url, choice.api_key, patience)
