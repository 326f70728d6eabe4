"""Read prompts that people type in projects with remembered conversations.

A project is a conversation in LoCoMo's format (see `bench.recall.datasets`) with prompts beside it:
`relevant` ones, for which remembered turns change what is right to do, as `{prompt, evidence, must, stale,
also_ok}`; `irrelevant` ones, for which none does, as `{prompt, hard}`; and `relevant_other_languages` with a
`lang`. The prompts may also be in a file of their own, where each names its `project`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.recall.datasets import DataSet, load_data_set

#: Projects written for this benchmark.
SETS = Path(__file__).resolve().parent / "sets"
Kind = Literal["relevant", "irrelevant", "other language", "question"]
#: Words of short prompts, and of middling ones.
SHORT_WORDS, MIDDLING_WORDS = 8, 25


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt, and the turns of its project that matter for it."""

    project: str
    kind: Kind
    text: str
    evidence: frozenset[str] = frozenset()
    must: str = ""
    stale: frozenset[str] = frozenset()
    #: Turns about the same thing that are neither.
    also_ok: frozenset[str] = frozenset()
    #: Of irrelevant ones: whether it is about the project's own field.
    is_hard: bool = False
    language: str = "en"

    @property
    def length(self) -> str:
        """How long it is."""
        words = len(self.text.split())
        return "short" if words <= SHORT_WORDS else "middling" if words <= MIDDLING_WORDS else "long"


def load_prompts(paths: Sequence[Path], name: str) -> tuple[DataSet, list[Prompt]]:
    """Read projects and their prompts.

    Raises:
        OSError: a file can't be read.
        ValueError: a file isn't of the format.
    """
    conversations: list[Path] = []
    prompts: list[Prompt] = []
    for path in paths:
        data = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(data, dict) and "conversation" not in data:
            prompts += _read_prompts(data, None)
            continue
        conversations.append(path)
        for item in data if isinstance(data, list) else [data]:
            prompts += _read_prompts(item, str(item["sample_id"]))
    data_set = load_data_set(conversations, name, shares_tenant=True)
    known = {one.name for one in data_set.conversations}
    if unknown := {prompt.project for prompt in prompts} - known:
        raise ValueError(f"there is no conversation of {', '.join(sorted(unknown))}")
    questions = [
        Prompt(one.name, "question", question.text, frozenset(question.evidence))
        for one in data_set.conversations
        for question in one.questions
    ]
    return data_set, [*prompts, *questions]


def _read_prompts(data: Mapping[str, Any], project: str | None) -> Iterator[Prompt]:
    for item in data.get("relevant", ()):
        yield _read_prompt(item, project, "relevant")
    for item in data.get("irrelevant", ()):
        yield _read_prompt(item, project, "irrelevant")
    for item in data.get("relevant_other_languages", ()):
        yield _read_prompt(item, project, "other language")


def _read_prompt(item: Mapping[str, Any], project: str | None, kind: Kind) -> Prompt:
    return Prompt(
        project=project or str(item["project"]),
        kind=kind,
        text=str(item["prompt"]),
        evidence=frozenset(item.get("evidence", ())),
        must=str(item.get("must", "")),
        stale=frozenset(item.get("stale", ())),
        also_ok=frozenset(item.get("also_ok", ())),
        is_hard=bool(item.get("hard")),
        language=str(item.get("lang", "en")),
    )
