"""What a session begins with: what is pinned, what stands in this project, and how the last session ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from mnemos_contract.memories import MemoryType
from mnemos_contract.recalls import RecallRequest

from mnemo_server.domain.memories.filters import MemoryFilter
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.recall.model import RecallModel, unfold_codes
from mnemo_server.domain.recall.signs import SIGNS, read_signs
from mnemo_server.domain.search.question import Question, read_question
from mnemo_server.index.ranking.ranker import Ranking
from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.index.segments.vectors import EmbeddedQuery
from mnemo_server.services.caller import Caller
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.recall.search import is_by_person, point
from mnemo_server.services.recall.weights import find_model
from mnemo_server.services.search.ranking import to_scope
from mnemo_server.stores.memories.store import MemoryStore
from mnemo_server.stores.recalls import RecallStore

PINNED_LIMIT: Final = 5
#: Texts that are judged, of those whose vectors point to standing knowledge or that contain its words.
STANDING_HITS: Final = 60
#: Last messages of the last session that are looked at.
LAST_MESSAGES: Final = 12
#: Words of rules and decisions, by which they are found without vectors.
_RULES: Final = (
    "never always must only rule decided decision prefer agreed convention instead default because"
)
#: How much later is better: a memory that is this many days older counts as one unit of log odds less.
_FADES_DAYS: Final = 120.0
_DAY_US: Final = 86_400_000_000
_FILLER: Final = SIGNS.index("filler")
_SHORT: Final = SIGNS.index("short")


@dataclass(frozen=True, slots=True)
class Opening:
    """What may be shown when a session begins; each list best first."""

    pinned: tuple[StoredMemory, ...]
    standing: tuple[tuple[StoredMemory, float], ...]
    """Standing knowledge, with the log odds that it is."""
    last_words: tuple[StoredMemory, ...]
    """What the last session ended with, in the order it was said."""


class SessionSearch:
    """Collects what a session begins with."""

    def __init__(
        self, index: SearchIndex, embedding: EmbeddingService, store: MemoryStore, recalls: RecallStore
    ) -> None:
        self._index = index
        self._embedding = embedding
        self._store = store
        self._recalls = recalls

    async def find(self, caller: Caller, request: RecallRequest) -> Opening:
        """Return what may be shown at the start of a session in a project."""
        pinned, standing, last = await asyncio.gather(
            self._list_pinned(caller, request.project),
            self._find_standing(caller, request.project),
            self._recalls.read_last_session(
                caller.tenant_id, request.project, but=request.session_id, limit=LAST_MESSAGES
            ),
        )
        return Opening(pinned, standing, choose_last_words(last))

    async def _list_pinned(self, caller: Caller, project: str | None) -> tuple[StoredMemory, ...]:
        wanted = MemoryFilter(memory_types=(MemoryType.PINNED.value,))
        page, _ = await self._store.list_page(caller.tenant_id, wanted, limit=4 * PINNED_LIMIT, offset=0)
        return tuple(one for one in page if one.project in (None, "", project))[:PINNED_LIMIT]

    async def _find_standing(
        self, caller: Caller, project: str | None
    ) -> tuple[tuple[StoredMemory, float], ...]:
        """Find rules, decisions and values: by the direction of their vectors, and by their words."""
        model = find_model(self._embedding.model_name if self._embedding.is_ready else None)
        direction = (
            point(model.standing.vector, self._embedding.model_id) if len(model.standing.vector) else None
        )
        words, no_words = read_question(_RULES), Question(terms=())
        rankings = []
        # Of no project, only what was stored on purpose: others' talk has no place here.
        for wanted in (MemoryFilter(project=project), MemoryFilter(memory_types=(MemoryType.INSIGHT.value,))):
            scope = to_scope(wanted)
            rankings.append(await self._index.search(caller.tenant_id, words, scope, None))
            if direction is not None:
                rankings.append(
                    await self._index.search(caller.tenant_id, no_words, scope, _ready(direction))
                )
        codes = _join(rankings)
        rows = await self._store.find_many(caller.tenant_id, list(codes))
        memories = [one for one in rows.values() if one.is_current and one.project in (None, "", project)]
        return await asyncio.to_thread(_rank, memories, codes, model)


def _rank(
    memories: Sequence[StoredMemory], codes: dict[int, np.ndarray], model: RecallModel
) -> tuple[tuple[StoredMemory, float], ...]:
    """Return memories by the log odds that they are standing knowledge; what is only talk is left out."""
    newest = max((one.created_at for one in memories), default=0)
    ranked = []
    for memory in memories:
        signs = np.array(read_signs(memory.content, is_by_person=is_by_person(memory)))
        if memory.is_message and (signs[_FILLER] or signs[_SHORT]):
            continue
        vectors = unfold_codes(codes[memory.id][:, None], len(model.standing.vector))
        odds = float(model.standing.estimate(signs[None, :], vectors if len(vectors[0]) else None)[0])
        ranked.append((memory, odds - (newest - memory.created_at) / _DAY_US / _FADES_DAYS))
    return tuple(sorted(ranked, key=lambda pair: (-pair[1], -pair[0].id)))


def choose_last_words(messages: Sequence[StoredMemory]) -> tuple[StoredMemory, ...]:
    """Return the last thing that a person asked and the last thing that was reported; "ok" is neither."""
    words: list[StoredMemory] = []
    for is_person in (True, False):
        for message in reversed(messages):
            signs = read_signs(message.content, is_by_person=is_by_person(message))
            if is_by_person(message) == is_person and not (signs[_FILLER] and signs[_SHORT]):
                words.append(message)
                break
    return tuple(sorted(words, key=lambda one: (one.seq or 0, one.id)))


def _join(rankings: Sequence[Ranking]) -> dict[int, np.ndarray]:
    """Return the codes of the first memories of rankings, by id."""
    codes: dict[int, np.ndarray] = {}
    for ranking in rankings:
        count = min(STANDING_HITS, ranking.signals.codes.shape[1])
        for place, memory_id in enumerate(ranking.memory_ids[:count].tolist()):
            if memory_id not in codes or not codes[memory_id].size:
                codes[memory_id] = ranking.signals.codes[:, place]
    return codes


async def _ready(direction: EmbeddedQuery) -> EmbeddedQuery:
    return direction
