"""The forms in which models are asked to respond. Other members of a response are ignored."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from mnemo_server.domain.enrichment.facts import ProposedFact
from mnemo_server.domain.enrichment.merge import MergeAction, ProposedMerge


class _Response(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class FactResponse(_Response):
    """One fact."""

    content: str
    sources: list[int]
    tags: list[str] = []
    subject: str | None = None


class ExtractResponse(_Response):
    """The facts that were found in messages."""

    facts: list[FactResponse]

    def proposed(self) -> list[ProposedFact]:
        """Return the facts in the form that the rules accept."""
        return [ProposedFact(fact.content, fact.sources, fact.tags, fact.subject) for fact in self.facts]


class MergeResponse(_Response):
    """What to do with a fact."""

    decision: MergeAction
    number: int | None = None
    content: str | None = None
    reason: str = ""

    @model_validator(mode="after")
    def _names_what_it_needs(self) -> Self:
        needs_number = self.decision in (MergeAction.UPDATE, MergeAction.SUPERSEDE, MergeAction.NONE)
        if needs_number and self.number is None:
            raise ValueError(f"number: {self.decision} names the number of a memory")
        if self.decision is MergeAction.UPDATE and not (self.content or "").strip():
            raise ValueError("content: update gives the new statement")
        return self

    def proposed(self) -> ProposedMerge:
        """Return the decision in the form that the rules accept."""
        return ProposedMerge(self.decision, self.number, self.content, self.reason)
