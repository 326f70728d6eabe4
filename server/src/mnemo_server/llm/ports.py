"""What services need of a language model, and of what asks it about memories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from mnemo_server.domain.enrichment.facts import Fact, Known, SaidMessage
from mnemo_server.domain.enrichment.merge import MergeDecision, Neighbour
from mnemo_server.domain.tokens import estimate_most

T_co = TypeVar("T_co", covariant=True)

#: What a request takes besides its texts: the marks around two messages.
_FRAME_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Used:
    """What requests to a model took."""

    calls: int = 0
    """Requests that were answered."""
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
    """One answer of a model."""

    text: str
    input_tokens: int
    """As the endpoint counts them; estimated where it doesn't."""
    output_tokens: int
    is_cut: bool = False
    """Whether it ends at `max_output_tokens` rather than where the model would have ended it."""

    @property
    def used(self) -> Used:
        """What it took."""
        return Used(1, self.input_tokens, self.output_tokens)


class ModelError(Exception):
    """No answer of use; the message is a sentence without keys, prompts or answers in it."""

    def __init__(self, message: str, used: Used = NOTHING_USED) -> None:
        """Take the sentence, and what answers took that came before it failed."""
        super().__init__(message)
        self.used = used


class ModelUnavailable(ModelError):
    """The model doesn't answer now; it may later. Nothing is said against what it was asked."""

    def __init__(
        self,
        message: str,
        used: Used = NOTHING_USED,
        *,
        retry_after_seconds: float | None = None,
        is_unspent: bool = False,
    ) -> None:
        """Take, besides, how long the endpoint asked to be left alone, where it did.

        `is_unspent`: the last request can't have cost anything.
        """
        super().__init__(message, used)
        self.retry_after_seconds = retry_after_seconds
        self.is_unspent = is_unspent


class ModelMisconfigured(ModelUnavailable):
    """Key, model name or address are wrong: somebody has to change a setting first."""


class ModelRefused(ModelError):
    """The model will never answer this."""


class InvalidCompletion(ModelError):
    """The model answered twice, and neither time what it was asked for."""


class LanguageModel(Protocol):
    """Completes texts."""

    @property
    def name(self) -> str:
        """Identify the model, such as `openai:gpt-4.1-mini`."""
        ...

    async def complete(self, system: str, user: str, max_output_tokens: int) -> Completion:
        """Answer one request, in JSON where the model can be held to it.

        Raises:
            ModelUnavailable: ask again later.
            ModelRefused: never ask this again.
        """
        ...

    async def close(self) -> None:
        """Free what the model holds."""
        ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request as the model gets it."""

    system: str
    user: str
    max_output_tokens: int

    @property
    def estimated_tokens(self) -> int:
        """The most that it takes, by estimate: what is sent and the longest answer."""
        return estimate_call(self.system, self.user, self.max_output_tokens)


def estimate_call(system: str, user: str, max_output_tokens: int) -> int:
    """Estimate the tokens that a call takes at most: what to reserve before it."""
    return estimate_most(system) + estimate_most(user) + _FRAME_TOKENS + max_output_tokens


@dataclass(frozen=True, slots=True)
class ExtractionRequest:
    """A part of a conversation, ready to be asked about."""

    messages: tuple[SaidMessage, ...]
    """Number n in the prompt is the n-th of these, from 1."""
    prompt: Prompt
    boundary: str
    """The random word that none of the messages holds."""
    vocabulary: tuple[str, ...]
    """The tags that the model was given."""


@dataclass(frozen=True, slots=True)
class Answered(Generic[T_co]):
    """What a model answered, after all checks."""

    value: T_co
    used: Used
    version: str
    """Which wording of the prompt asked, such as `extract@1f0c93ab`; empty when nobody was asked."""


class Curator(Protocol):
    """Says what of a conversation is worth remembering, and where it belongs among memories.

    The model is handed in with each question, so that a caller can count and limit what each tenant uses: one
    that is no `ModelError` passes through as it is, the others say what was used before.
    """

    def plan(self, messages: Sequence[SaidMessage], known: Known) -> list[ExtractionRequest]:
        """Lay out messages in requests within the token limit; each message is in exactly one.

        Takes milliseconds for each 100,000 characters.
        """
        ...

    async def extract(self, model: LanguageModel, request: ExtractionRequest) -> Answered[list[Fact]]:
        """Ask for the facts in the messages of a request.

        Raises:
            ModelUnavailable: ask again later.
            ModelRefused: never ask this again.
            InvalidCompletion: nothing of use was answered, twice.
        """
        ...

    async def merge(
        self, model: LanguageModel, fact: Fact, neighbours: Sequence[Neighbour]
    ) -> Answered[MergeDecision]:
        """Ask what to do with a fact beside the memories nearest to it; errors as in `extract`.

        Without neighbours nobody is asked, and the fact is added. Only the first five are looked at.
        """
        ...
