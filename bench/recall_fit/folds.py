"""Fits the whole model without some projects, so that it can be measured on prompts it hasn't seen.

The gate and the regression of overturned memories learn from the log odds of the one of relevance. On prompts
that this one was fitted to, these would be too good. So each project is judged by a regression of relevance
that was fitted without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from mnemo_server.domain.recall.features import describe_pairs
from mnemo_server.domain.recall.model import RecallModel, Regression

from bench.recall_fit.measuring import Measured
from bench.recall_fit.regressions import (
    CannotFit,
    Judged,
    fit_gate,
    fit_overturned,
    fit_relevance,
    fit_standing,
)

#: Two to learn relevance from when one is judged and one measured.
_LEAST_PROJECTS: Final = 4


class Fitter:
    """Fits models on projects, each without some of them."""

    def __init__(self, measured: Sequence[Measured], embedding_model: str | None) -> None:
        """Take the projects, and the name of the embedding model if they have vectors.

        Raises:
            CannotFit: there are too few projects.
        """
        if len(measured) < _LEAST_PROJECTS:
            raise CannotFit(f"the fit needs {_LEAST_PROJECTS} projects or more")
        self._measured = measured
        self._embedding_model = embedding_model
        self._relevance: dict[frozenset[str], Regression] = {}

    def fit(self, without: frozenset[str], limits: Mapping[str, float]) -> RecallModel:
        """Fit a model on all projects but some; `limits` are the fields of the model that aren't fitted.

        Raises:
            CannotFit: see `regressions.fit_logistic`.
        """
        learned = [one for one in self._measured if one.project.name not in without]
        own: list[Judged] = []
        derived: list[Judged] = []
        for one in learned:
            relevance = self._fit_relevance(without | {one.project.name})
            own += [Judged(case, relevance.estimate(describe_pairs(case.pairs))) for case in one.cases]
            derived += [
                Judged(case, relevance.estimate(describe_pairs(case.pairs)))
                for case in one.derived
                if case.prompt.project not in without
            ]
        return RecallModel(
            embedding_model=self._embedding_model,
            standing=fit_standing(learned),
            relevance=self._fit_relevance(without),
            overturned=fit_overturned([one for one in own if one.case.kind != "irrelevant"]),
            gate=fit_gate([*own, *derived]),
            **limits,
        )

    def _fit_relevance(self, without: frozenset[str]) -> Regression:
        """Fit relevance on all projects but some, once: two projects leave each other out in turn."""
        if without not in self._relevance:
            self._relevance[without] = fit_relevance(
                [case for one in self._measured if one.project.name not in without for case in one.cases]
            )
        return self._relevance[without]
