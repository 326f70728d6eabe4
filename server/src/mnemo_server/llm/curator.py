"""Asks a language model what is worth remembering and where it belongs, and checks every response."""

from __future__ import annotations

from collections.abc import Sequence

from mnemo_server.domain.enrichment.facts import Cleaner, Fact, Known, SaidMessage, keep_facts
from mnemo_server.domain.enrichment.merge import NO_NEIGHBOURS, MergeDecision, Neighbour, decide
from mnemo_server.llm.ports import NOTHING_USED, ExtractionRequest, LanguageModel, ModelResult
from mnemo_server.llm.prompts.extraction import REQUEST_TOKENS, ExtractionPlanner
from mnemo_server.llm.prompts.files import Wordings
from mnemo_server.llm.prompts.merge import plan_merge
from mnemo_server.llm.response_models import ExtractResponse, MergeResponse
from mnemo_server.llm.structured import ask


class PromptingCurator:
    """A `Curator` that uses the shipped prompts."""

    def __init__(
        self, wordings: Wordings, *, clean: Cleaner | None = None, request_tokens: int = REQUEST_TOKENS
    ) -> None:
        """Accept the prompts, the function that removes secrets from facts, and a request's token limit.

        Raises:
            ValueError: the limit leaves no room for messages.
        """
        self._wordings = wordings
        self._clean = clean
        self._planner = ExtractionPlanner(wordings.extract.text, limit=request_tokens)

    def plan(self, messages: Sequence[SaidMessage], known: Known) -> list[ExtractionRequest]:
        """See `Curator`."""
        return self._planner.plan(messages, known)

    async def extract(self, model: LanguageModel, request: ExtractionRequest) -> ModelResult[list[Fact]]:
        """See `Curator`."""
        response = await ask(model, request.prompt, ExtractResponse, self._wordings.repair)
        facts = keep_facts(
            response.value.proposed(),
            request.messages,
            vocabulary=request.vocabulary,
            forbidden=request.boundary,
            clean=self._clean,
        )
        return ModelResult(facts, response.used, self._wordings.extract.version)

    async def merge(
        self, model: LanguageModel, fact: Fact, neighbours: Sequence[Neighbour]
    ) -> ModelResult[MergeDecision]:
        """See `Curator`."""
        if not neighbours:
            return ModelResult(NO_NEIGHBOURS, NOTHING_USED, "")
        wording = self._wordings.merge
        request = plan_merge(wording.text, fact, neighbours)
        response = await ask(model, request.prompt, MergeResponse, self._wordings.repair)
        decision = decide(
            response.value.proposed(),
            request.neighbours,
            abridged=request.abridged,
            forbidden=request.boundary,
            clean=self._clean,
        )
        return ModelResult(decision, response.used, wording.version)
