"""The ports of language models, and of the curator that asks them about memories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from mnemo_server.domain.enrichment.facts import Fact, Known, SaidMessage
from mnemo_server.domain.enrichment.merge import MergeDecision, Neighbour
from mnemo_server.domain.tokens import estimate_most

T_co = TypeVar("T_co", covariant=True)

#: Tokens of a request besides its texts: the marks around two messages.
_FRAME_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Used:
    """What requests to a model used."""

    calls: int = 0
    """Requests that got a response."""
    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Used) -> Used:
        return Used(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )


NOTHING_USED = Used()


@dataclass(frozen=True, slots=True)
class Completion:
    """One response of a model."""

    text: str
    input_tokens: int
    """As the endpoint counts them; an estimate where it doesn't."""
    output_tokens: int
    is_cut: bool = False
    """Whether the text was cut at `max_output_tokens` before the model finished it."""

    @property
    def used(self) -> Used:
        """What it used."""
        return Used(1, self.input_tokens, self.output_tokens)


class ModelError(Exception):
    """No usable response; the message is a sentence without keys, prompts or responses in it."""

    def __init__(self, message: str, used: Used = NOTHING_USED) -> None:
        """Accept the sentence, and what earlier responses used before the failure."""
        super().__init__(message)
        self.used = used


class ModelUnavailable(ModelError):
    """The model doesn't respond now; it may later. The request itself may be fine."""

    def __init__(
        self,
        message: str,
        used: Used = NOTHING_USED,
        *,
        retry_after_seconds: float | None = None,
        is_unspent: bool = False,
    ) -> None:
        """Accept also the pause that the endpoint asked for, if any.

        `is_unspent`: the last request can't have cost anything.
        """
        super().__init__(message, used)
        self.retry_after_seconds = retry_after_seconds
        self.is_unspent = is_unspent


class ModelMisconfigured(ModelUnavailable):
    """Key, model name or address are wrong: the operator has to change a setting first."""


class ModelRefused(ModelError):
    """The model will never respond to this request."""


class InvalidCompletion(ModelError):
    """The model responded twice, and neither response had the requested form."""


class LanguageModel(Protocol):
    """Completes texts."""

    @property
    def name(self) -> str:
        """The name that identifies the model, such as `openai:gpt-4.1-mini`."""
        ...

    async def complete(self, system: str, user: str, max_output_tokens: int) -> Completion:
        """Return the response to one request, in JSON where the model supports that.

        Raises:
            ModelUnavailable: ask again later.
            ModelRefused: never ask this again.
        """
        ...

    async def close(self) -> None:
        """Release the resources of the model."""
        ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request as the model receives it."""

    system: str
    user: str
    max_output_tokens: int

    @property
    def estimated_tokens(self) -> int:
        """The estimated upper bound of its tokens: the texts sent plus the longest response."""
        return estimate_call(self.system, self.user, self.max_output_tokens)


def estimate_call(system: str, user: str, max_output_tokens: int) -> int:
    """Return the estimated upper bound of a call's tokens, to be reserved before it."""
    return estimate_most(system) + estimate_most(user) + _FRAME_TOKENS + max_output_tokens


@dataclass(frozen=True, slots=True)
class ExtractionRequest:
    """A part of a conversation, ready to be sent."""

    messages: tuple[SaidMessage, ...]
    """Number n in the prompt is the n-th of these, counted from 1."""
    prompt: Prompt
    boundary: str
    """The random word that no message contains."""
    vocabulary: tuple[str, ...]
    """The tags that the prompt lists."""


@dataclass(frozen=True, slots=True)
class ModelResult(Generic[T_co]):
    """A response of a model, after all checks."""

    value: T_co
    used: Used
    version: str
    """The version of the prompt, such as `extract@1f0c93ab`; empty when no model was asked."""


class Curator(Protocol):
    """Decides what of a conversation is worth remembering, and where it belongs among memories.

    The model is passed with each request, so that a caller can count and limit what each tenant uses. An
    exception of the model that isn't a `ModelError` passes through unchanged; a `ModelError` also contains
    what was used before it.
    """

    def plan(self, messages: Sequence[SaidMessage], known: Known) -> list[ExtractionRequest]:
        """Distribute messages over requests within the token limit; each message is in exactly one request.

        Takes milliseconds for each 100,000 characters.
        """
        ...

    async def extract(self, model: LanguageModel, request: ExtractionRequest) -> ModelResult[list[Fact]]:
        """Ask for the facts in the messages of a request.

        Raises:
            ModelUnavailable: ask again later.
            ModelRefused: never ask this again.
            InvalidCompletion: two responses were unusable.
        """
        ...

    async def merge(
        self, model: LanguageModel, fact: Fact, neighbours: Sequence[Neighbour]
    ) -> ModelResult[MergeDecision]:
        """Ask what to do with a fact, given the memories nearest to it; errors as in `extract`.

        Without neighbours no model is asked, and the fact is added. Only the first five neighbours are used.
        """
        ...
