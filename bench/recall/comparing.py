"""Compare a run with an earlier one, question by question: far more precise than comparing two means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from bench.common.pages import render_table
from bench.recall.metrics import MEASURES, Mean, average
from bench.recall.report import group, identify
from bench.recall.searching import EngineRun, QuestionResult

#: Scores by measure, for each question by its id (see `identify`).
Scores = Mapping[str, Mapping[str, float]]


def load_scores(path: Path) -> Scores:
    """Read the scores of the first engine from what `--json` printed.

    Raises:
        ValueError: the file contains something else.
    """
    try:
        questions = json.loads(path.read_text(encoding="utf-8"))["engines"][0]["questions"]
        return {one["id"]: one["scores"] for one in questions}
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"{path} isn't what --json printed: {error!r}") from error


def render_comparison(run: EngineRun, earlier: Scores, name: str) -> str:
    """Return a table of differences over the questions that both runs asked; above 0 this run is better.

    Raises:
        ValueError: they have no question in common.
    """
    shared = [one for one in run.results if identify(one) in earlier]
    if not shared:
        raise ValueError(f"{name} asked none of these questions")
    rows = [
        [row, f"{len(members):,}", *(_show(_difference(members, earlier, measure)) for measure in MEASURES)]
        for row, members in group(shared).items()
    ]
    head = [f"gain over {name}", "count", *MEASURES]
    return "\n".join(["", f"#### {run.title}", "", *render_table(head, rows)])


def _difference(members: list[QuestionResult], earlier: Scores, measure: str) -> Mean:
    return average([one.scores[measure] - earlier[identify(one)][measure] for one in members])


def _show(mean: Mean) -> str:
    return f"{mean.value:+.3f} ± {mean.error:.3f}"
