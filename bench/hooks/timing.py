"""Run processes one after the other and take their time, from the start to the end as a host sees it."""

from __future__ import annotations

import json
import math
import os
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.hooks.events import Harness, Scene
from tests.support.marked import MARK_VARIABLE, find_marked

#: A hook that takes longer than this has broken its promise beyond measuring.
_LIMIT_SECONDS = 15
#: After this long no process of a hook may be left.
_REST_SECONDS = 1.0


@dataclass
class Case:
    """One row: what is run again and again, and how long it took."""

    condition: str
    event: str
    command: Sequence[str]
    environment: Mapping[str, str]
    #: None for a bare interpreter.
    scene: Scene | None = None
    times_ms: list[float] = field(default_factory=list)
    #: Runs that printed something.
    answered: int = 0

    def quantile_ms(self, share: float) -> float:
        """Give the time within which this share of the runs ended."""
        ordered = sorted(self.times_ms)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


@dataclass
class Clock:
    """Runs the cases in turn and notes what must never happen."""

    harness: Harness
    #: In the environment of everything that is run.
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    #: Exit codes other than 0, output that isn't JSON, and processes that were left.
    faults: list[str] = field(default_factory=list)

    def go_round(self, cases: Sequence[Case], *, is_measured: bool = True) -> None:
        """Run every case once, and look a second later for what is left."""
        for case in cases:
            self._run(case, is_measured=is_measured)
        time.sleep(_REST_SECONDS)
        self.faults += [f"left behind after a second: {process}" for process in find_marked(self.mark)]

    def _run(self, case: Case, *, is_measured: bool) -> None:
        given = b""
        if case.scene is not None:
            given = json.dumps(self.harness.make(case.scene, case.event)).encode()
        environment = {**case.environment, MARK_VARIABLE: self.mark}
        started = time.perf_counter()
        done = subprocess.run(
            case.command,
            input=given,
            env=environment,
            capture_output=True,
            timeout=_LIMIT_SECONDS,
            check=False,
            close_fds=False,  # so that Python starts it the quick way
        )
        elapsed_ms = (time.perf_counter() - started) * 1_000
        if done.returncode or done.stderr:
            self.faults.append(f"{case.condition}, {case.event}: code {done.returncode}, {done.stderr!r}")
        if is_measured:
            case.times_ms.append(elapsed_ms)
            case.answered += bool(done.stdout)


def make_environment(folder: Path, url: str, api_key: str) -> dict[str, str]:
    """Give the environment of a user with a home of its own."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "MEM9_API_URL": url,
        "MEM9_API_KEY": api_key,
    }
