"""Error rates of the fit, each with its standard error, as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from bench.common.pages import render_table
from bench.recall_blocks.measures import Mean
from bench.recall_fit.evaluating import Outcome

Test = Callable[[Outcome], bool]
#: Of fewer prompts nothing is reported: if all of them agree, their standard error would be 0.
_LEAST_COUNT: Final = 10


def _is(kind: str, **fields: object) -> Test:
    def check(one: Outcome) -> bool:
        return one.kind == kind and all(getattr(one.prompt, name) == fields[name] for name in fields)

    return check


def _opened(kind: str) -> Test:
    return lambda one: one.kind == kind and one.opens


def shows_evidence(outcome: Outcome) -> bool:
    """Return whether a block shows any turn that matters."""
    return not outcome.prompt.evidence.isdisjoint(outcome.turn_ids)


def count_stale(outcome: Outcome) -> int:
    """Return how many overturned turns a block shows."""
    return len(outcome.prompt.stale.intersection(outcome.turn_ids))


#: Which prompts the gate is to tell apart, by the row of the table.
_SEPARATED: Final[Mapping[str, tuple[Test, Test]]] = {
    "gate, AUC: relevant and irrelevant prompts": (_is("relevant"), _is("irrelevant")),
    "gate, AUC: relevant and hard ones": (_is("relevant"), _is("irrelevant", is_hard=True)),
}
#: Prompts of which a share opens the gate, by the row of the table.
_OPENING: Final[Mapping[str, Test]] = {
    "opens for relevant prompts": _is("relevant"),
    "… up to 8 words": _is("relevant", length="short"),
    "… 9 to 25": _is("relevant", length="middling"),
    "… more": _is("relevant", length="long"),
    "opens for prompts in other languages": _is("other language"),
    "opens for quiz questions": _is("question"),
    "opens for irrelevant prompts": _is("irrelevant"),
    "… hard ones": _is("irrelevant", is_hard=True),
    "… easy ones": _is("irrelevant", is_hard=False),
    "… up to 8 words ": _is("irrelevant", length="short"),
    "… 9 to 25 ": _is("irrelevant", length="middling"),
    "… more ": _is("irrelevant", length="long"),
    "opens for prompts about other projects": _is("elsewhere"),
    "opens where a few turns are known, one matters": _is("few with"),
    "opens where a few turns are known, none matters": _is("few without"),
}
#: Figures of blocks, by the row of the table: of which prompts, and what of each.
_BLOCKS: Final[Mapping[str, tuple[Test, Callable[[Outcome], float]]]] = {
    "relevant: some evidence shown": (_is("relevant"), shows_evidence),
    "relevant: the turn that matters most shown": (
        _is("relevant"),
        lambda one: one.prompt.must in one.turn_ids,
    ),
    "relevant: overturned turns shown": (_is("relevant"), count_stale),
    "relevant: tokens of a block": (_opened("relevant"), lambda one: one.tokens),
    "relevant: lines of a block": (_opened("relevant"), lambda one: len(one.turn_ids)),
    "other languages: some evidence shown": (_is("other language"), shows_evidence),
    "quiz questions: some evidence shown": (_is("question"), shows_evidence),
}


def render(outcomes: Sequence[Outcome]) -> str:
    """Return a table with a column for each set, one for all together, and one with their count."""
    sets = {name: [one for one in outcomes if one.set_name == name] for name in _list_sets(outcomes)}
    everything = measure(outcomes)
    columns = [measure(some) for some in sets.values()]
    rows = [
        [row.strip(), *(_format(one[row]) for one in (*columns, everything)), f"{everything[row].count:,}"]
        for row in everything
    ]
    return "\n".join(render_table(["", *sets, "all", "count"], rows))


def measure(outcomes: Sequence[Outcome]) -> dict[str, Mean]:
    """Return every figure by the row of the table."""
    figures = {
        row: measure_auc(
            [one.gate for one in outcomes if is_higher(one)], [one.gate for one in outcomes if is_lower(one)]
        )
        for row, (is_higher, is_lower) in _SEPARATED.items()
    }
    figures |= {
        row: Mean.of(float(one.opens) for one in outcomes if applies(one))
        for row, applies in _OPENING.items()
    }
    return figures | {
        row: Mean.of(float(value(one)) for one in outcomes if applies(one))
        for row, (applies, value) in _BLOCKS.items()
    }


def measure_auc(higher: Sequence[float], lower: Sequence[float]) -> Mean:
    """Return the probability that one of the first values is higher than one of the second; ties are half.

    The error is the one of DeLong et al. (1988): both samples vary.
    """
    if not higher or not lower:
        return Mean.of(())
    first, second = np.array(higher)[:, None], np.array(lower)[None, :]
    wins = (first > second) + 0.5 * (first == second)
    errors = [Mean.of(wins.mean(axis=axis).tolist()).error for axis in (0, 1)]
    return Mean(float(wins.mean()), math.hypot(*errors), len(higher) + len(lower))


def _list_sets(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(one.set_name for one in outcomes))


def _format(mean: Mean) -> str:
    if mean.count < _LEAST_COUNT:
        return ""
    return (
        f"{mean.value:.1f} ± {mean.error:.1f}" if mean.value > 2 else f"{mean.value:.3f} ± {mean.error:.3f}"
    )
