"""A language model for tests: it responds by a script, and fails, stalls and lies on demand."""

from __future__ import annotations

import asyncio
from copy import copy

from mnemo_server.domain.tokens import estimate_tokens
from mnemo_server.llm.ports import NOTHING_USED, Completion, ModelError, ModelUnavailable
from mnemo_server.testing.script import Answer, Asked, Rule, Script, Stall


class ScriptedModel:
    """A `LanguageModel` that needs no network and counts tokens by estimate."""

    name = "scripted"

    def __init__(self, *rules: Rule, otherwise: Answer | None = None) -> None:
        """Accept the rules; if none matches, respond with `otherwise`, or else that there are no facts."""
        self.script = Script(*rules) if otherwise is None else Script(*rules, otherwise=otherwise)
        #: What all responses used.
        self.used = NOTHING_USED
        self.is_down = False
        self.is_closed = False
        #: Set once a request stalls; stalled requests continue, with no facts, once `release` is set.
        self.stalling = asyncio.Event()
        self.release = asyncio.Event()

    @property
    def asked(self) -> list[Asked]:
        """All requests, in the order of their arrival."""
        return self.script.asked

    def say(self, when: str, *answers: Answer) -> None:
        """From now on, respond to requests that match `when` with these in turn, then with the last one."""
        self.script.say(when, *answers)

    async def complete(self, system: str, user: str, max_output_tokens: int) -> Completion:
        """See `LanguageModel`. A response of more than `max_output_tokens` is cut."""
        if self.is_down:
            raise ModelUnavailable("The language model is away.")
        answer = self.script.choose(Asked(system, user, max_output_tokens))
        if isinstance(answer, Stall):
            self.stalling.set()
            await self.release.wait()
            answer = '{"facts": []}'
        if isinstance(answer, ModelError):
            raise copy(answer)  # the caller may add to what was used
        text = _cut(answer, max_output_tokens)
        sent = estimate_tokens(system) + estimate_tokens(user)
        completion = Completion(text, sent, estimate_tokens(text), is_cut=text != answer)
        self.used += completion.used
        return completion

    async def close(self) -> None:
        """See `LanguageModel`."""
        self.is_closed = True


def _cut(text: str, limit: int) -> str:
    while estimate_tokens(text) > limit:
        text = text[: len(text) * 3 // 4]
    return text
