"""Have a host run processes one after the other, and record the times they take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.common.quantiles import find_quantile
from bench.hooks.events import Harness, Scene
from tests.support.marked import MARK_VARIABLE, find_marked

_ROUND_SECONDS = 300
#: After the host exits, no process of a hook may be left for longer than this.
_REST_SECONDS = 1.0


#: The command that simulates the host and runs hooks as processes.
_HOST = (sys.executable, "-m", "bench.hooks.host")


@dataclass
class Case:
    """One row: what is run repeatedly, and how long it took."""

    condition: str
    event: str
    command: Sequence[str]
    environment: Mapping[str, str]
    #: None for a bare interpreter.
    scene: Scene | None = None
    #: The command that simulates the host; a different one for a plugin that runs the hook.
    host: Sequence[str] = _HOST
    times_ms: list[float] = field(default_factory=list)
    #: Processor time of each run, which other programs hardly change; empty where a host can't measure it.
    cpu_ms: list[float] = field(default_factory=list)
    #: Runs that printed something.
    output_count: int = 0

    @property
    def is_by_plugin(self) -> bool:
        """Return whether the plugin is measured, together with the hook that it runs."""
        return self.host != _HOST

    def quantile_ms(self, share: float) -> float:
        """Return the time within which this share of the runs ended."""
        return find_quantile(self.times_ms, share)


@dataclass
class Clock:
    """Runs the cases in turn and records what must never happen."""

    harness: Harness
    #: In the environment of every process, to find those that are left.
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    #: Exit codes other than 0, error output, and processes that were left.
    faults: list[str] = field(default_factory=list)

    def run_round(self, cases: Sequence[Case], *, is_measured: bool = True) -> None:
        """Have hosts run every case once and exit; check a second later that no process is left."""
        for host in dict.fromkeys(tuple(case.host) for case in cases):
            self._run_host([case for case in cases if tuple(case.host) == host], is_measured=is_measured)
        time.sleep(_REST_SECONDS)
        self.faults += [
            f"left behind after a second: {command}" for command in find_marked(self.mark).values()
        ]

    def _run_host(self, cases: Sequence[Case], *, is_measured: bool) -> None:
        done = subprocess.run(
            cases[0].host,
            input=json.dumps([self._prepare(case) for case in cases]),
            stdout=subprocess.PIPE,
            text=True,
            timeout=_ROUND_SECONDS,
            check=True,
        )
        for case, result in zip(cases, json.loads(done.stdout), strict=True):
            if result["code"] or result["error_output"]:
                self.faults.append(
                    f"{case.condition}, {case.event}: {result['code']} {result['error_output']}"
                )
            if is_measured:
                case.times_ms.append(result["elapsed_ms"])
                case.cpu_ms += [] if result["cpu_ms"] is None else [result["cpu_ms"]]
                case.output_count += bool(result["output"])

    def _prepare(self, case: Case) -> dict[str, Any]:
        hook_input = self.harness.make(case.scene, case.event) if case.scene else None
        return {
            "command": case.command,
            "input": json.dumps(hook_input) if hook_input else "",
            "environment": {**case.environment, MARK_VARIABLE: self.mark},
        }


def make_environment(folder: Path, url: str, api_key: str) -> dict[str, str]:
    """Return the environment of a user with a home of its own."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "MEM9_API_URL": url,
        "MEM9_API_KEY": api_key,
    }
