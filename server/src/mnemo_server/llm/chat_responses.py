"""Parses and checks the responses of chat endpoints."""

from __future__ import annotations

from typing import Any, Final

from mnemo_server.domain.tokens import estimate_tokens
from mnemo_server.llm.ports import Completion, ModelRefused, ModelUnavailable, Used
from mnemo_server.openai_client import read_json, read_usage

_CUT: Final = "length"
_WITHHELD: Final = "content_filter"
#: More tokens than any model can read or write: an endpoint that reports more counts wrong.
_MOST_TOKENS: Final = 100_000_000


def read_completion(content: bytes, *, sent_tokens: int) -> Completion:
    """Return the first choice of a response; `sent_tokens` is used where the endpoint doesn't count them.

    Raises:
        ModelUnavailable: the content isn't such a response.
        ModelRefused: the model, or a filter before it, refuses to respond.
    """
    try:
        response = read_json(content)
        choice = response["choices"][0]
        message, reason = choice["message"], choice.get("finish_reason")
        text, refusal = message.get("content"), message.get("refusal")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise ModelUnavailable("The language model's endpoint returned something other than text.") from None
    text = text if isinstance(text, str) else ""
    sent, received = _count(response, "prompt_tokens"), _count(response, "completion_tokens")
    completion = Completion(
        text=text,
        input_tokens=sent_tokens if sent is None else sent,
        output_tokens=estimate_tokens(text) if received is None else received,
        is_cut=reason == _CUT,
    )
    if not text.strip() and (refusal or reason == _WITHHELD):
        raise ModelRefused(
            "The language model refuses to respond to these messages.",
            Used(1, completion.input_tokens, completion.output_tokens),
        )
    return completion


def _count(response: dict[str, Any], name: str) -> int | None:
    """Return a token count that the endpoint reports; None when it reports no plausible one."""
    return read_usage(response, name, least=0, most=_MOST_TOKENS)
