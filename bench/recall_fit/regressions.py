"""Fits the four logistic regressions of recall; needs scikit-learn, of the dependency group `bench`."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from mnemo_server.domain.recall.corrections import describe_ages
from mnemo_server.domain.recall.features import PAIR_FEATURES, Floats, describe_pairs, describe_prompt
from mnemo_server.domain.recall.model import Regression, unfold_codes
from mnemo_server.domain.recall.signs import read_signs
from mnemo_server.services.recall.search import AGED, is_by_person

from bench.recall_fit.measuring import RELEVANT_KINDS, Case, CaseKind, Measured

#: What one case of a kind weighs in the fit of the gate. Made cases are many and alike; with more weight they
#: cost more for real prompts than they bring for those they stand for.
GATE_WEIGHTS: Final[Mapping[CaseKind, float]] = {
    "relevant": 1.0,
    "other language": 1.0,
    "question": 0.8,
    "irrelevant": 1.0,
    "elsewhere": 0.1,
    "few with": 0.2,
    "few without": 0.2,
}
_RELEVANCE_WEIGHTS: Final[Mapping[CaseKind, float]] = {
    "relevant": 1.0,
    "other language": 1.0,
    "question": 0.5,
    "irrelevant": 0.5,
}
#: Weight of memories that are neither evidence nor overturned: most of what is found.
_UNRELATED_WEIGHT: Final = 0.15
#: Signs that get no say in relevance: there are too few such texts among what is found.
_UNUSED_SIGNS: Final = ("tiny", "filler")
#: Inverse strengths of regularisation, for features of spread 1.
_STANDING_C: Final = 0.05
_RELEVANCE_C: Final = 0.3
_OVERTURNED_C: Final = 0.03
_GATE_C: Final = 1.0
#: How much a component of the prompt's vector may say, compared with a feature of spread 1.
_VECTOR_SHARE: Final = 0.3**1.5
_MAX_ITERATIONS: Final = 5_000


class CannotFit(Exception):
    """scikit-learn isn't installed, or there is too little data."""


class Judged(NamedTuple):
    """A case, and the log odds that each memory matters, by a regression that hasn't seen its project."""

    case: Case
    odds: Floats


def fit_standing(measured: Sequence[Measured]) -> Regression:
    """Fit which turns matter for any prompt or question at all."""
    features = np.vstack([_describe_turns(one) for one in measured])
    labels = np.hstack([_find_standing(one) for one in measured])
    base, weights = fit_logistic(features, labels, np.ones(len(labels)), _STANDING_C)
    dimensions = measured[0].project.space.dimensions if measured[0].has_vectors else 0
    return Regression(base, weights[:dimensions], weights[dimensions:])


def fit_relevance(cases: Sequence[Case]) -> Regression:
    """Fit which memories found for a prompt matter for it."""
    features = np.vstack([describe_pairs(case.pairs) for case in cases])
    features[:, [PAIR_FEATURES.index(name) for name in _UNUSED_SIGNS]] = 0
    labels = np.hstack([_contains(case.prompt.evidence, case.turn_ids) for case in cases])
    weights = np.hstack([np.full(len(case.memories), _RELEVANCE_WEIGHTS[case.kind]) for case in cases])
    return _fit_features(features, labels, weights, _RELEVANCE_C)


def fit_overturned(judged: Sequence[Judged]) -> Regression:
    """Fit which of the best memories newer ones have overturned."""
    described, labels, weights = [], [], []
    for case, odds in judged:
        order = np.argsort(-odds, kind="stable")
        memories = [case.memories[place] for place in order]
        ages = describe_ages(memories, case.directions[order], odds[order], case.pairs.signs[order], AGED)
        turn_ids = [case.turn_ids[place] for place in order[: len(ages)]]
        related = _contains(case.prompt.evidence | case.prompt.stale, turn_ids)
        described.append(ages)
        labels.append(_contains(case.prompt.stale, turn_ids))
        weights.append(np.where(related, 1.0, _UNRELATED_WEIGHT))
    return _fit_features(np.vstack(described), np.hstack(labels), np.hstack(weights), _OVERTURNED_C)


def fit_gate(judged: Sequence[Judged]) -> Regression:
    """Fit for which prompts anything that is remembered matters."""
    features = np.array([describe_judged(one) for one in judged])
    vectors = np.array([one.case.vector for one in judged])
    labels = np.array([one.case.kind in RELEVANT_KINDS for one in judged], dtype=np.float64)
    weights = balance(np.array([GATE_WEIGHTS[one.case.kind] for one in judged]), labels)
    means, spreads = _spread(features)
    scale = _VECTOR_SHARE * np.sqrt(max(vectors.shape[1], 1))
    scaled = np.hstack((vectors * scale, (features - means) / spreads))
    base, fitted = fit_logistic(scaled, labels, weights, _GATE_C)
    count = vectors.shape[1]
    by_feature = fitted[count:] / spreads
    return Regression(float(base - by_feature @ means), fitted[:count] * scale, by_feature)


def describe_judged(judged: Judged) -> Floats:
    """Return what the gate sees of a case, besides its vector."""
    question = judged.case.prepared.question
    return describe_prompt(question.text, question.words, judged.case.pairs, judged.odds)


def balance(weights: Floats, labels: Floats) -> Floats:
    """Return weights scaled so that both labels, 0 and 1, have half of their sum."""
    ones = float(weights @ labels / weights.sum())
    balanced: Floats = weights * np.where(labels > 0, 0.5 / ones, 0.5 / (1 - ones))
    return balanced


def fit_logistic(features: Floats, labels: Floats, weights: Floats, strength: float) -> tuple[float, Floats]:
    """Return the base and the weights of a logistic regression.

    Raises:
        CannotFit: scikit-learn isn't installed, or all labels are the same.
    """
    if labels.min(initial=1) == labels.max(initial=0):
        raise CannotFit("all examples of a regression have the same label: it needs more projects")
    try:
        linear_model: Any = importlib.import_module("sklearn.linear_model")
    except ImportError:
        raise CannotFit("the fit needs scikit-learn: install the dependency group `bench`") from None
    fitted = linear_model.LogisticRegression(C=strength, max_iter=_MAX_ITERATIONS).fit(
        features, labels, sample_weight=weights
    )
    return float(fitted.intercept_[0]), np.array(fitted.coef_[0], dtype=np.float64)


def _fit_features(features: Floats, labels: Floats, weights: Floats, strength: float) -> Regression:
    """Fit with every feature scaled to spread 1, and return the weights of the unscaled ones."""
    means, spreads = _spread(features)
    base, fitted = fit_logistic((features - means) / spreads, labels, weights, strength)
    by_feature = np.where(features.any(axis=0), fitted / spreads, 0.0)
    return Regression(float(base - by_feature @ means), np.empty(0), by_feature)


def _spread(features: Floats) -> tuple[Floats, Floats]:
    """Return the means and the standard deviations of features; 1 for one that is always the same."""
    spreads = features.std(axis=0)
    return features.mean(axis=0), np.where(spreads > 0, spreads, 1.0)


def _describe_turns(measured: Measured) -> Floats:
    """Return (turns, dimensions and signs) of all turns of a project."""
    project = measured.project
    signs = np.array(
        [read_signs(memory.content, is_by_person=is_by_person(memory)) for memory in project.memories]
    )
    if not measured.has_vectors:
        return signs
    codes = np.array([np.frombuffer(entry.vector_code or b"", "<u8") for entry in project.entries]).T
    return np.hstack((unfold_codes(codes.astype(np.uint64), project.space.dimensions), signs))


def _find_standing(measured: Measured) -> Floats:
    """Return for each turn of a project whether it matters for any prompt."""
    evidence = {turn_id for case in measured.cases for turn_id in case.prompt.evidence}
    return _contains(evidence, measured.project.turn_ids)


def _contains(wanted: Collection[str], turn_ids: Sequence[str]) -> Floats:
    return np.array([turn_id in wanted for turn_id in turn_ids], dtype=np.float64)
