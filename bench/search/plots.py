"""Draw what was measured, for docs/benchmarks.md; needs the dependency group `bench`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from bench.common.pages import PAGE
from bench.search.measure import Measured
from bench.search.questions import SHAPES
from bench.search.report import EngineResult

IMAGES: Final = PAGE.parent / "images"
_NATURAL: Final = SHAPES[0].name
_SIZE: Final = (6.4, 3.6)  # inches
_MAX_BYTES: Final = 2_000

_LATENCIES: Final[Sequence[tuple[str, str, Callable[[Measured], float]]]] = (
    ("p50", "-", lambda one: one.cold[_NATURAL].p50_ms),
    ("p95", "--", lambda one: one.cold[_NATURAL].p95_ms),
    ("p50 when asked again", ":", lambda one: one.repeated[_NATURAL].p50_ms),
)
_BYTES: Final[Sequence[tuple[str, str, Callable[[Measured], float]]]] = (
    ("index", "-", lambda one: one.loaded.index_bytes / one.seeded.count),
    ("growth of the process", "--", lambda one: one.loaded.rss_bytes / one.seeded.count),
)


class NoPlots(Exception):
    """matplotlib isn't installed."""


def draw(engines: Sequence[EngineResult], folder: Path = IMAGES) -> None:
    """Write `search-latency.svg` and `search-memory.svg`.

    Raises:
        NoPlots: matplotlib isn't installed.
    """
    plt = load_pyplot()
    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=_SIZE, layout="constrained")
    for number, engine in enumerate(engines):
        for label, style, read in _LATENCIES:
            points = _points(engine, read)
            axes.plot(
                *points, style, marker="o", markersize=4, color=f"C{number}", label=f"{engine.title}, {label}"
            )
    _finish(figure, axes, "milliseconds", folder / "search-latency.svg")
    figure, axes = plt.subplots(figsize=_SIZE, layout="constrained")
    for label, style, read in _BYTES:
        axes.plot(*_points(engines[0], read), style, marker="o", markersize=4, color="C0", label=label)
    # The process grows by more than its memories; with few of them, that would hide everything else.
    axes.set_ylim(0, _MAX_BYTES)
    _finish(figure, axes, "bytes a memory", folder / "search-memory.svg")


def load_pyplot() -> Any:
    """Return matplotlib's pyplot, set up to write the same file for the same figures.

    Raises:
        NoPlots: it isn't installed.
    """
    try:
        mpl = importlib.import_module("matplotlib")
        mpl.use("svg")
        plt = importlib.import_module("matplotlib.pyplot")
    except ImportError:
        raise NoPlots("plots need matplotlib: install the dependency group `bench`") from None
    mpl.rcParams.update({"svg.hashsalt": "mnemos", "svg.fonttype": "none", "font.size": 10})
    return plt


def _points(engine: EngineResult, read: Callable[[Measured], float]) -> tuple[list[int], list[float]]:
    return [one.seeded.count for one in engine.single], [read(one) for one in engine.single]


def _finish(figure: Any, axes: Any, unit: str, path: Path) -> None:
    axes.set_xscale("log")
    axes.set_xlabel("memories of one tenant")
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None}, facecolor="white")
