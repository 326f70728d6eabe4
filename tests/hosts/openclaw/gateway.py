"""A running gateway of the real OpenClaw, and the processes that remain after a host has ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hosts.openclaw.program import OpenClaw
from tests.support.marked import find_marked, kill_group

START_SECONDS = 90
#: Seconds after the end of a host until everything that it started must have ended.
END_SECONDS = 1


class Gateway:
    """A running gateway of OpenClaw."""

    def __init__(self, openclaw: OpenClaw, process: subprocess.Popen[str]) -> None:
        self.openclaw = openclaw
        self.process = process

    def ask(self, session_id: str, prompt: str) -> str:
        """Run one turn and return the reply; `/new` and `/reset` are commands of the host."""
        done = self.openclaw.run(
            "agent", "--agent", "main", "--session-id", session_id, "--message", prompt, "--json"
        )
        assert done.returncode == 0, f"{done.stderr[-2000:]}\n{done.stdout[-2000:]}"
        [payload] = json.loads(done.stdout)["result"]["payloads"]
        text: str = payload["text"]
        return text

    def compact(self, session_id: str) -> None:
        """Make the host replace the conversation with a summary."""
        self.openclaw.do(f"openclaw sessions compact agent:main:explicit:{session_id}")

    def stop(self) -> None:
        """Ask it to stop, as a service manager does, and wait until it has stopped."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def kill(self) -> None:
        """Kill it at once, even if the started program is only its parent."""
        for pid, command in find_marked(str(self.openclaw.home)).items():
            if pid == self.process.pid or command.startswith("openclaw-gateway"):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(30)


@contextmanager
def run_gateway(openclaw: OpenClaw) -> Iterator[Gateway]:
    """Run a gateway with the plugin for as long as the context lasts."""
    openclaw.configure()
    with openclaw.log_path.open("a") as log:
        already = openclaw.log_path.stat().st_size
        process = openclaw.start("gateway", "run", stdout=log, stderr=log)
    gateway = Gateway(openclaw, process)
    try:
        _wait_for_gateway(gateway, already)
        yield gateway
    finally:
        if process.poll() is None:
            gateway.stop()
        kill_group(process.pid)
        process.wait(10)


def _wait_for_gateway(gateway: Gateway, already: int) -> None:
    end = time.monotonic() + START_SECONDS
    while "http server listening" not in (text := gateway.openclaw.log_path.read_text()[already:]):
        if gateway.process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the gateway didn't start:\n{text[-3000:]}")
        time.sleep(0.1)


def wait_for_end(home: Path) -> None:
    """Wait until no process of this home's host is left, nor anything that it started."""
    end = time.monotonic() + END_SECONDS
    while left := find_marked(str(home)):
        assert time.monotonic() < end, f"still there: {left}"
        time.sleep(0.05)


def find_tool_servers(home: Path) -> list[int]:
    """Return the processes that serve tools to the host of this home."""
    return [pid for pid, command in find_marked(str(home)).items() if command.endswith("mnemos mcp")]
