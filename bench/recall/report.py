"""Write what was found as Markdown and as JSON."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.common.machine import describe_machine
from bench.common.pages import render_table
from bench.recall.datasets import ADVERSARIAL, CATEGORIES, DataSet
from bench.recall.metrics import MEASURES, Mean, average, percentile
from bench.recall.searching import EngineRun, QuestionResult

#: How many hits must agree between engines.
AGREED_DEPTH = 10


def render(runs: Sequence[EngineRun], data_set: DataSet, command: str) -> str:
    """Return the report: what was measured where, then one section for each engine."""
    lines = [
        f"- machine: {describe_machine()}; Python {platform.python_version()}",
        f"- measured on {datetime.now(UTC).date()} with `{command}`",
        f"- {_describe(data_set)}",
    ]
    for run in runs:
        lines += ["", f"#### {data_set.name} on {run.title}", "", *_section(run)]
    if len(runs) > 1:
        lines += ["", _agreement(runs)]
    return "\n".join(lines)


def to_json(runs: Sequence[EngineRun], data_set: DataSet, command: str) -> dict[str, object]:
    """Return all figures, and each question by its number with the turns found; no text of the data set."""
    return {
        "command": command,
        "data_set": data_set.name,
        "agreement": {f"top_{AGREED_DEPTH}_differ": count_differing(runs)},
        "engines": [_engine_json(run) for run in runs],
    }


def identify(one: QuestionResult) -> str:
    """Return the id of a question, the same in every run."""
    return f"{one.conversation}/{one.question.number}"


def group(results: Sequence[QuestionResult]) -> dict[str, list[QuestionResult]]:
    """Group questions into the rows of the table; the first row contains all but the adversarial ones."""
    rows = {"all": [one for one in results if one.question.category != ADVERSARIAL]}
    present = sorted({one.question.category for one in results})
    for category in present:
        name = CATEGORIES.get(category, f"category {category}")
        rows[name] = [one for one in results if one.question.category == category]
    return {name: members for name, members in rows.items() if members}


def count_differing(runs: Sequence[EngineRun]) -> int:
    """Count the questions whose first hits aren't the same, in the same order, on every engine."""
    tops = [[one.found[:AGREED_DEPTH] for one in run.results] for run in runs]
    return sum(len(set(found)) > 1 for found in zip(*tops, strict=True))


def summarize(results: Sequence[QuestionResult]) -> dict[str, Mean]:
    """Average every measure over questions."""
    return {name: average([one.scores[name] for one in results]) for name in MEASURES}


def _section(run: EngineRun) -> list[str]:
    rows = [
        [name, f"{len(members):,}", *map(str, summarize(members).values())]
        for name, members in group(run.results).items()
    ]
    latencies = [one.latency_ms for one in run.results]
    speed = (
        f"A search took {percentile(latencies, 50):.1f} ms (p50), {percentile(latencies, 95):.1f} ms (p95), "
        f"and {run.server_cpu_ms:.1f} ms of the server's processor time."
    )
    return [*render_table(["questions", "count", *MEASURES], rows), "", speed]


def _describe(data_set: DataSet) -> str:
    conversations = data_set.conversations
    repaired = sum(one.repaired_count for one in conversations)
    dropped = sum(one.dropped_count for one in conversations)
    left_out = sum(one.left_out_count for one in conversations)
    tenants = "one tenant" if data_set.shares_tenant else "one tenant each"
    text = f"{len(conversations)} conversations, {data_set.turn_count:,} turns, {tenants}"
    if repaired or dropped or left_out:
        text += (
            f"; {repaired} misspelt names of turns read as they were meant, {dropped} unknown ones dropped, "
            f"{left_out} questions without evidence left out"
        )
    return text


def _agreement(runs: Sequence[EngineRun]) -> str:
    count, differing = len(runs[0].results), count_differing(runs)
    if not differing:
        return f"The first {AGREED_DEPTH} hits of all {count:,} questions are the same on every engine."
    return f"The first {AGREED_DEPTH} hits differ between engines for {differing:,} of {count:,} questions."


def _engine_json(run: EngineRun) -> dict[str, object]:
    latencies = [one.latency_ms for one in run.results]
    return {
        "title": run.title,
        "p50_ms": round(percentile(latencies, 50), 2),
        "p95_ms": round(percentile(latencies, 95), 2),
        "server_cpu_ms": round(run.server_cpu_ms, 3),
        "groups": {name: _group_json(members) for name, members in group(run.results).items()},
        "questions": [_question_json(one) for one in run.results],
    }


def _group_json(members: Sequence[QuestionResult]) -> dict[str, object]:
    means = summarize(members)
    figures = {name: {"mean": mean.value, "error": mean.error} for name, mean in means.items()}
    return {"count": len(members), **figures}


def _question_json(one: QuestionResult) -> dict[str, object]:
    return {
        "id": identify(one),
        "category": one.question.category,
        "evidence": one.question.evidence,
        "found": [f"{place.conversation}/{place.turn_id}" for place in one.found],
        "scores": one.scores,
    }
