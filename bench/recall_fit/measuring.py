"""Searches for prompts in projects, and measures what is found as recall does.

Besides a project's own prompts there are cases made of them, because real prompts are also typed where little
is remembered, or about something else: prompts of other projects, and a few turns with or without the one
that matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, TypeVar

import numpy as np
from mnemo_server.domain.memories.memory import StoredMemory
from mnemo_server.domain.recall.features import Floats, Pairs
from mnemo_server.domain.search.question import read_question
from mnemo_server.index.ranking.bm25 import plan_query
from mnemo_server.index.ranking.ranker import draft, rank
from mnemo_server.index.segments.segment import Segment
from mnemo_server.services.recall.search import PROJECT_HITS, Hits, measure_pairs

from bench.recall_blocks.prompts import Kind, Prompt
from bench.recall_fit.reading import PreparedPrompt, Project

T = TypeVar("T")
CaseKind = Kind | Literal["elsewhere", "few with", "few without"]
#: Kinds of prompts for which a remembered turn is relevant.
RELEVANT_KINDS: Final[frozenset[CaseKind]] = frozenset({"relevant", "other language", "question", "few with"})
#: Kinds of prompts that cases are derived from.
_SOURCE_KINDS: Final[frozenset[CaseKind]] = frozenset({"relevant", "question"})
_ELSEWHERE: Final = 25
_FEW: Final = 24
_FEW_WITHOUT: Final = 12
#: How many turns there are besides the one that matters, or in all where none does.
_BESIDES: Final = (0, 1, 2, 3, 5, 8, 12)
_IN_ALL: Final = (1, 2, 3, 4, 6, 9, 12)
_IN_ALL_WITHOUT: Final = _IN_ALL[:-1]


@dataclass(frozen=True, slots=True)
class Case:
    """A prompt, and what a search for it found."""

    kind: CaseKind
    prepared: PreparedPrompt
    memories: tuple[StoredMemory, ...]
    turn_ids: tuple[str, ...]
    """The turns found, as `memories`."""
    pairs: Pairs
    hits: Hits
    vector: Floats
    """The prompt's; empty without vectors."""

    @property
    def prompt(self) -> Prompt:
        """The prompt as it was typed."""
        return self.prepared.prompt

    @property
    def directions(self) -> Floats:
        """The directions of the memories: small as codes, so that they are unfolded when needed."""
        return self.hits.unfold(range(len(self.memories)), len(self.vector))


@dataclass(frozen=True, slots=True)
class Measured:
    """A project with its cases."""

    project: Project
    cases: tuple[Case, ...]
    """Of its own prompts."""
    derived: tuple[Case, ...]
    """Derived from prompts of this project and of others."""
    has_vectors: bool


def measure_projects(projects: Sequence[Project], *, has_vectors: bool) -> list[Measured]:
    """Search for all prompts, with or without their vectors."""
    return [_measure(project, projects, has_vectors=has_vectors) for project in projects]


def _measure(project: Project, projects: Sequence[Project], *, has_vectors: bool) -> Measured:
    everything = project.build_segment()
    cases = tuple(
        measure_case(project, prepared, prepared.prompt.kind, everything, has_vectors=has_vectors)
        for prepared in project.prompts
    )
    random = Random(project.name)
    others = [
        prepared
        for other in projects
        if other is not project
        for prepared in other.prompts
        if prepared.prompt.kind in _SOURCE_KINDS
    ]
    derived = [
        measure_case(project, prepared, "elsewhere", everything, has_vectors=has_vectors)
        for prepared in _sample(random, others, _ELSEWHERE)
    ]
    derived += [
        measure_case(project, prepared, kind, project.build_segment(places), has_vectors=has_vectors)
        for kind, prepared, places in _pick_few(project, random)
    ]
    return Measured(project, cases, tuple(derived), has_vectors)


def measure_case(
    project: Project, prepared: PreparedPrompt, kind: CaseKind, segment: Segment, *, has_vectors: bool
) -> Case:
    """Search for a prompt in some turns of a project."""
    question = read_question(prepared.text)
    embedding = prepared.embedding if has_vectors else None
    ranking = rank(draft(plan_query([segment], question.terms), question, embedding), project.word_codes)
    hits = Hits()
    hits.add(ranking, PROJECT_HITS)
    places = range(len(hits.memory_ids))
    memories = tuple(project.memories[memory_id - 1] for memory_id in hits.memory_ids)
    vector = np.empty(0) if embedding is None else embedding.vector.astype(np.float64)
    pairs = measure_pairs(hits.take(places), memories, hits.unfold(places, len(vector)), vector)
    turn_ids = tuple(project.turn_ids[memory_id - 1] for memory_id in hits.memory_ids)
    return Case(kind, prepared, memories, turn_ids, pairs, hits, vector)


def _pick_few(project: Project, random: Random) -> Iterator[tuple[CaseKind, PreparedPrompt, list[int]]]:
    """Yield prompts with the places of a few turns, as if only these had been said."""
    place_of = {turn_id: place for place, turn_id in enumerate(project.turn_ids)}
    everywhere = range(len(place_of))
    sources = [prepared for prepared in project.prompts if prepared.prompt.kind in _SOURCE_KINDS]
    irrelevant = [prepared for prepared in project.prompts if prepared.prompt.kind == "irrelevant"]
    for prepared in _sample(random, sources, _FEW):
        needed = prepared.prompt.must or min(prepared.prompt.evidence)
        besides = _sample(random, everywhere, random.choice(_BESIDES))
        yield "few with", prepared, sorted({place_of[needed], *besides})
    for prepared in _sample(random, irrelevant, _FEW):
        yield "few without", prepared, sorted(_sample(random, everywhere, random.choice(_IN_ALL)))
    for prepared in _sample(random, sources, _FEW_WITHOUT):
        prompt = prepared.prompt
        near = {place_of[turn_id] for turn_id in prompt.evidence | prompt.also_ok | prompt.stale}
        left = set(_sample(random, everywhere, random.choice(_IN_ALL_WITHOUT))) - near
        if left:
            yield "few without", prepared, sorted(left)


def _sample(random: Random, items: Sequence[T], count: int) -> list[T]:
    return random.sample(items, min(count, len(items)))
