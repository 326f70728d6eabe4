"""The remembered turns that a block shows: figures for one prompt, and their means."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.recall_blocks.hook import Block
from bench.recall_blocks.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Shown:
    """One prompt, its block, and the turns that the block shows of the prompt's project, in order."""

    prompt: Prompt
    block: Block
    turns: tuple[str, ...]
    #: Lines of other projects.
    foreign_lines: int

    @property
    def shows_evidence(self) -> bool:
        """Whether any turn that matters is shown."""
        return not self.prompt.evidence.isdisjoint(self.turns)

    @property
    def stale(self) -> int:
        """Turns that were overturned later."""
        return len(self.prompt.stale.intersection(self.turns))

    @property
    def misleads(self) -> bool:
        """Whether an overturned turn is shown before every turn that matters."""
        places = [place for place, turn in enumerate(self.turns) if turn in self.prompt.stale]
        right = [place for place, turn in enumerate(self.turns) if turn in self.prompt.evidence]
        return bool(places) and min(places) < min(right, default=len(self.turns))


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean and its standard error."""

    value: float
    error: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Mean:
        """Return the mean of some values; of none it is NaN."""
        found = list(values)
        if not found:
            return cls(math.nan, math.nan, 0)
        mean = sum(found) / len(found)
        spread = sum((value - mean) ** 2 for value in found) / max(len(found) - 1, 1)
        return cls(mean, math.sqrt(spread / len(found)), len(found))


def _is(kind: str, **fields: object) -> Callable[[Shown], bool]:
    def check(one: Shown) -> bool:
        return one.prompt.kind == kind and all(getattr(one.prompt, name) == fields[name] for name in fields)

    return check


#: Figures by name: which prompts they are about, and the value of one.
MEASURES: Mapping[str, tuple[Callable[[Shown], bool], Callable[[Shown], float]]] = {
    "prompts: some evidence shown": (_is("relevant"), lambda one: one.shows_evidence),
    "prompts: the turn that matters most": (_is("relevant"), lambda one: one.prompt.must in one.turns),
    "… of short prompts: some evidence": (_is("relevant", length="short"), lambda one: one.shows_evidence),
    "… of middling prompts: some evidence": (
        _is("relevant", length="middling"),
        lambda one: one.shows_evidence,
    ),
    "… of long prompts: some evidence": (_is("relevant", length="long"), lambda one: one.shows_evidence),
    "prompts nothing answers: with a block": (_is("irrelevant"), lambda one: bool(one.block.text)),
    "… about the project's field: with a block": (
        _is("irrelevant", is_hard=True),
        lambda one: bool(one.block.text),
    ),
    "… short ones: with a block": (_is("irrelevant", length="short"), lambda one: bool(one.block.text)),
    "… middling ones: with a block": (_is("irrelevant", length="middling"), lambda one: bool(one.block.text)),
    "… long ones: with a block": (_is("irrelevant", length="long"), lambda one: bool(one.block.text)),
    "tokens of a block": (lambda one: bool(one.block.text), lambda one: one.block.tokens),
    "lines of a block": (lambda one: bool(one.block.text), lambda one: len(one.block.memory_ids)),
    "stale turns a prompt": (_is("relevant"), lambda one: one.stale),
    "stale turn before what is right": (_is("relevant"), lambda one: one.misleads),
    "lines of other projects a prompt": (lambda _: True, lambda one: one.foreign_lines),
    "prompts in other languages: some evidence": (_is("other language"), lambda one: one.shows_evidence),
    "… Chinese": (_is("other language", language="zh"), lambda one: one.shows_evidence),
    "… German": (_is("other language", language="de"), lambda one: one.shows_evidence),
    "… Spanish": (_is("other language", language="es"), lambda one: one.shows_evidence),
    "quiz questions: some evidence": (_is("question"), lambda one: one.shows_evidence),
}


def measure(shown: Sequence[Shown]) -> dict[str, Mean]:
    """Return every figure that some of the prompts have."""
    means = {
        name: Mean.of(float(value(one)) for one in shown if applies(one))
        for name, (applies, value) in MEASURES.items()
    }
    return {name: mean for name, mean in means.items() if mean.count}


def compare(before: Mapping[str, Shown], after: Mapping[str, Shown]) -> dict[str, Mean]:
    """Return by how much each figure grew over the prompts that both have, with the error of the pairs."""
    pairs = [(before[name], after[name]) for name in after if name in before]
    gains = {}
    for name, (applies, value) in MEASURES.items():
        both = [(old, new) for old, new in pairs if applies(old) and applies(new)]
        gains[name] = Mean.of(float(value(new)) - float(value(old)) for old, new in both)
    return {name: mean for name, mean in gains.items() if mean.count}
