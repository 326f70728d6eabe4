"""Simulate the host for one round: run hooks as processes, one after the other, and print how long each took.

    python -m bench.hooks.host < runs.json > results.json

It is a process of its own, since some processes must end when the host is gone.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import Any

#: A hook that takes longer than this fails the benchmark.
_LIMIT_SECONDS = 15


def main() -> None:
    """Run what standard input lists; print a result for each."""
    json.dump([run(run_input) for run_input in json.load(sys.stdin)], sys.stdout)


def run(run_input: dict[str, Any]) -> dict[str, Any]:
    """Run one `{command, environment, input}`; return `{elapsed_ms, cpu_ms, code, output, error_output}`."""
    cpu_before = _children_cpu_ms()
    started = time.perf_counter()
    done = subprocess.run(
        run_input["command"],
        input=run_input["input"].encode(),
        env=run_input["environment"],
        capture_output=True,
        timeout=_LIMIT_SECONDS,
        check=False,
        close_fds=False,  # lets Python use its faster way to start a process
    )
    elapsed_ms = (time.perf_counter() - started) * 1_000
    cpu_ms = _children_cpu_ms() - cpu_before
    output, error_output = (output.decode("utf-8", "replace") for output in (done.stdout, done.stderr))
    times = {"elapsed_ms": elapsed_ms, "cpu_ms": cpu_ms}
    return {**times, "code": done.returncode, "output": output, "error_output": error_output}


def _children_cpu_ms() -> float:
    """Return the processor time of all processes waited for so far, in ms; a detached uploader never is."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1_000


if __name__ == "__main__":
    main()
