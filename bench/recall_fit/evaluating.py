"""Applies a model to the cases of a project, as recall does to prompts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mnemo_server.domain.recall.choice import Limits, choose
from mnemo_server.domain.recall.features import describe_pairs
from mnemo_server.domain.recall.lines import count_tokens
from mnemo_server.domain.recall.model import RecallModel
from mnemo_server.domain.recall.signs import ends_asking
from mnemo_server.services.recall.candidates import for_prompt
from mnemo_server.services.recall.search import Found
from mnemos_contract.recalls import RecallRequest

from bench.recall_blocks.prompts import Prompt
from bench.recall_fit.folds import Fitter
from bench.recall_fit.measuring import Case, CaseKind, Measured
from bench.recall_fit.regressions import Judged, describe_judged

_MAX_TOKENS: Final = int(RecallRequest.model_fields["max_tokens"].default)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a model that hasn't seen the project of a case."""

    set_name: str
    kind: CaseKind
    prompt: Prompt
    gate: float
    """Log odds that anything that is remembered matters."""
    opens: bool
    """Whether that is enough for a block."""
    turn_ids: tuple[str, ...]
    """The turns that the block shows."""
    tokens: int
    """Of the block."""


def evaluate_unseen(
    measured: Sequence[Measured], fitter: Fitter, left_out: frozenset[str], limits: Mapping[str, float]
) -> Iterator[Outcome]:
    """Yield the outcome of every case, by a model fitted without its project and those that are left out."""
    for one in measured:
        without = left_out | {one.project.name}
        model = fitter.fit(without, limits)
        for case in (*one.cases, *one.derived):
            yield _evaluate(case, one, model)


def _evaluate(case: Case, measured: Measured, model: RecallModel) -> Outcome:
    odds = model.relevance.estimate(describe_pairs(case.pairs))
    features = describe_judged(Judged(case, odds))
    gate = float(model.gate.estimate(features[None, :], case.vector[None, :])[0])
    directions = case.directions
    asks = ends_asking(case.prepared.question.text)
    found = Found(case.memories, odds, case.pairs.signs, directions, gate, model, asks)
    turn_ids: tuple[str, ...] = ()
    tokens = 0
    if found.opens:
        limits = Limits(lambda _: model.show_from, _MAX_TOKENS)
        shown = choose(for_prompt(found, case.prepared.question), limits, case.prepared.question.text).shown
        turn_ids = tuple(measured.project.turn_ids[one.memory.id - 1] for one in shown)
        tokens = sum(count_tokens(one.line) for one in shown)
    return Outcome(measured.project.set_name, case.kind, case.prompt, gate, found.opens, turn_ids, tokens)
