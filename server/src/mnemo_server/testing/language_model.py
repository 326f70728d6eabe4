"""A language model for tests: it responds by a script, and fails, stalls or lies as set."""

from __future__ import annotations

import asyncio
from copy import copy

from mnemo_server.domain.tokens import estimate_tokens
from mnemo_server.llm.ports import NOTHING_USED, Completion, ModelError, ModelUnavailable
from mnemo_server.testing.script import ModelRequest, Response, Rule, Script, Stall


class ScriptedModel:
    """A `LanguageModel` that needs no network and counts tokens by estimate."""

    name = "scripted"

    def __init__(self, *rules: Rule, default: Response | None = None) -> None:
        """Accept the rules; if none matches, respond with `default`, or else that there are no facts."""
        self.script = Script(*rules) if default is None else Script(*rules, default=default)
        #: What all responses used.
        self.used = NOTHING_USED
        self.is_down = False
        self.is_closed = False
        #: Set once a request stalls; stalled requests continue, with no facts, once `release` is set.
        self.stalling = asyncio.Event()
        self.release = asyncio.Event()

    @property
    def requests(self) -> list[ModelRequest]:
        """All requests, in the order of their arrival."""
        return self.script.requests

    def respond_to(self, pattern: str, *responses: Response) -> None:
        """From now on, respond to requests that match `pattern` with these in turn, then with the last."""
        self.script.respond_to(pattern, *responses)

    async def complete(self, system: str, user: str, max_output_tokens: int) -> Completion:
        """See `LanguageModel`. A response of more than `max_output_tokens` is cut."""
        if self.is_down:
            raise ModelUnavailable("The language model is away.")
        response = self.script.choose(ModelRequest(system, user, max_output_tokens))
        if isinstance(response, Stall):
            self.stalling.set()
            await self.release.wait()
            response = '{"facts": []}'
        if isinstance(response, ModelError):
            raise copy(response)  # the caller may add to what was used
        text = _cut(response, max_output_tokens)
        sent = estimate_tokens(system) + estimate_tokens(user)
        completion = Completion(text, sent, estimate_tokens(text), is_cut=text != response)
        self.used += completion.used
        return completion

    async def close(self) -> None:
        """See `LanguageModel`."""
        self.is_closed = True


def _cut(text: str, limit: int) -> str:
    while estimate_tokens(text) > limit:
        text = text[: len(text) * 3 // 4]
    return text
