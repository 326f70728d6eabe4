"""Plays the host for one round: runs hooks as processes, one after the other, and says how long each took.

    python -m bench.hooks.host < runs.json > results.json

A process of its own, because of what must end when the host has gone.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import Any

#: A hook that takes longer than this has broken its promise beyond measuring.
_LIMIT_SECONDS = 15


def main() -> None:
    """Run what standard input lists; print a result for each."""
    json.dump([run(one) for one in json.load(sys.stdin)], sys.stdout)


def run(one: dict[str, Any]) -> dict[str, Any]:
    """Run one `{command, environment, input}`; gives `{elapsed_ms, cpu_ms, code, answer, complaint}`."""
    cpu_before = _children_cpu_ms()
    started = time.perf_counter()
    done = subprocess.run(
        one["command"],
        input=one["input"].encode(),
        env=one["environment"],
        capture_output=True,
        timeout=_LIMIT_SECONDS,
        check=False,
        close_fds=False,  # so that Python starts it the quick way
    )
    elapsed_ms = (time.perf_counter() - started) * 1_000
    cpu_ms = _children_cpu_ms() - cpu_before
    answer, complaint = (output.decode("utf-8", "replace") for output in (done.stdout, done.stderr))
    times = {"elapsed_ms": elapsed_ms, "cpu_ms": cpu_ms}
    return {**times, "code": done.returncode, "answer": answer, "complaint": complaint}


def _children_cpu_ms() -> float:
    """Give the processor time of all processes so far that were waited for: a detached uploader never is."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1_000


if __name__ == "__main__":
    main()
