"""`python -m bench.recall_fit`: fit the model of recall to labelled prompts, and report how far it errs."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mnemo_server.domain.recall.model import RecallModel

from bench.common.pages import describe_command
from bench.recall_fit.evaluating import evaluate_unseen
from bench.recall_fit.folds import Fitter
from bench.recall_fit.measuring import measure_projects
from bench.recall_fit.reading import PROJECTS, Project, load_sources, prepare_projects
from bench.recall_fit.regressions import CannotFit
from bench.recall_fit.report import render
from bench.recall_fit.weights import LIMITS, WEIGHTS, read_limits, write_models

_ERRORS = (CannotFit, OSError, ValueError)


def main() -> None:
    """Fit as the arguments say, print the error rates, and write the weights if that is wanted."""
    options = _parser().parse_args()
    try:
        _run(options)
    except _ERRORS as error:
        sys.exit(f"bench: {error}")


def _run(options: argparse.Namespace) -> None:
    limits = read_limits()
    sources = load_sources(options.data or [PROJECTS])
    left_out = frozenset(options.leave_out)
    if unknown := left_out - {source.conversation.name for source in sources}:
        raise ValueError(f"there is no project {', '.join(sorted(unknown))}")
    embedding_model, projects = asyncio.run(prepare_projects(sources))
    print(f"- `{describe_command('bench.recall_fit')}`")
    print(f"- {_describe(projects)}\n")
    models = []
    for name in (embedding_model, None):
        chosen = limits.get(name, limits[None]) | dict(options.set)
        models.append(_fit(projects, name, left_out, chosen))
    if options.write:
        write_models(models)
        print(f"written to {WEIGHTS}", file=sys.stderr)


def _fit(
    projects: Sequence[Project], name: str | None, left_out: frozenset[str], limits: Mapping[str, float]
) -> RecallModel:
    """Print how well unseen projects are judged, and return the model of all that aren't left out."""
    measured = measure_projects(projects, has_vectors=name is not None)
    fitter = Fitter(measured, name)
    outcomes = list(evaluate_unseen(measured, fitter, left_out, limits))
    print(f"### {'Without vectors' if name is None else f'With vectors of {name}'}\n")
    print(f"The gate opens at log odds of {limits['open_at']:g}.\n")
    print(render(outcomes), "\n")
    return fitter.fit(left_out, limits)


def _describe(projects: Sequence[Project]) -> str:
    turns = sum(len(project.memories) for project in projects)
    prompts = sum(len(project.prompts) for project in projects)
    return f"{len(projects)} projects, {turns:,} remembered turns, {prompts:,} prompts"


def _parser() -> argparse.ArgumentParser:
    description = __doc__.partition(": ")[2]
    parser = argparse.ArgumentParser(prog="python -m bench.recall_fit", description=description)
    add = parser.add_argument
    add(
        "data",
        nargs="*",
        type=Path,
        metavar="DATA",
        help="files with projects, or folders of them; each folder is reported as a set (default: our own)",
    )
    add(
        "--leave-out",
        type=lambda text: text.split(","),
        default=[],
        metavar="NAME,…",
        help="projects that are measured, but that no model is fitted to",
    )
    add(
        "--set",
        type=_limit,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"a limit of the models: {', '.join(LIMITS)} (default: as in weights.json)",
    )
    add("--write", action="store_true", help="write the models into the server's weights.json")
    return parser


def _limit(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    if name not in LIMITS:
        raise argparse.ArgumentTypeError(f"{text!r} isn't NAME=VALUE with one of {', '.join(LIMITS)}")
    return name, float(value)


if __name__ == "__main__":
    main()
