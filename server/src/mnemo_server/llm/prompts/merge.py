"""Writes the request that compares a fact with the memories nearest to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mnemo_server.domain.enrichment.facts import Fact
from mnemo_server.domain.enrichment.merge import MAX_NEIGHBOURS, Neighbour
from mnemo_server.domain.tokens import cut_middle, estimate_tokens
from mnemo_server.llm.ports import Prompt
from mnemo_server.llm.prompts.boundary import Fence, defuse, draw_boundary, quote
from mnemo_server.llm.prompts.extraction import format_time

ANSWER_TOKENS: Final = 1_000
"""Limit of output tokens; the longest statement takes fewer."""
NEIGHBOUR_TOKENS: Final = 700
"""Limit of a memory's tokens: of a longer memory the model sees only both ends, so it is never changed."""


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """A fact and its neighbours, ready to be sent."""

    neighbours: tuple[Neighbour, ...]
    """Number n in the prompt is the n-th of these, counted from 1."""
    prompt: Prompt
    boundary: str
    abridged: frozenset[int]
    """Ids of the neighbours that are not shown in full."""


def plan_merge(
    system: str, fact: Fact, neighbours: Sequence[Neighbour], draw: Callable[[], str] = draw_boundary
) -> MergeRequest:
    """Return the request; it contains the first five neighbours."""
    chosen = tuple(neighbours[:MAX_NEIGHBOURS])
    texts = [defuse(one.content) for one in chosen]
    heads = [quote(_describe(one.said_at, one.tags, one.subject)) for one in chosen]
    fact_text = f"{quote(_describe(fact.said_at, fact.tags, fact.subject))}\n{defuse(fact.content)}"
    fence = Fence.choose([system, *texts, *heads, fact_text], draw)
    sections = [
        fence.section(
            f"memory {number}{', pinned' if one.is_pinned else ''}",
            f"{head}\n{cut_middle(text, NEIGHBOUR_TOKENS)}",
        )
        for number, (one, head, text) in enumerate(zip(chosen, heads, texts, strict=True), start=1)
    ]
    data = fence.section("new fact", fact_text) + "".join(sections)
    user = fence.request(data, "Answer with the JSON object of your decision.")
    long = (one.memory_id for one, text in zip(chosen, texts, strict=True) if _is_long(text))
    return MergeRequest(chosen, Prompt(system, user, ANSWER_TOKENS), fence.boundary, frozenset(long))


def _describe(said_at: int, tags: Sequence[str], subject: str | None) -> dict[str, object]:
    described: dict[str, object] = {"said": format_time(said_at), "tags": list(tags)}
    return described | {"subject": subject} if subject else described


def _is_long(text: str) -> bool:
    return estimate_tokens(text) > NEIGHBOUR_TOKENS
