"""A session of Claude Code over several turns in one process, and processes that outlive it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.hosts.claude.program import PLUGIN, TURN_SECONDS, Claude, find_claude
from tests.support.marked import find_marked

_STREAM = ("--input-format", "stream-json", "--output-format", "stream-json", "--verbose")
#: Seconds after the end of the host until no process may be left.
REST_SECONDS = 1.0


class Conversation:
    """Claude Code reading prompts from its standard input."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def send(self, prompt: str) -> None:
        """Send a prompt without waiting."""
        line = {"type": "user", "message": {"role": "user", "content": prompt}}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def ask(self, prompt: str) -> dict[str, Any]:
        """Send a prompt and return the event with its reply."""
        self.send(prompt)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event.get("type") == "result":
                return event
        raise AssertionError("Claude Code ended without an answer")

    def end(self, number: signal.Signals | None = None) -> float:
        """End it with a signal, or by closing its input; return the moment at which it had ended."""
        assert self.process.stdin is not None
        if number is None:
            self.process.stdin.close()
        else:
            self.process.send_signal(number)
        self.process.wait(TURN_SECONDS)
        return time.monotonic()


@contextmanager
def open_conversation(claude: Claude, *options: str) -> Iterator[Conversation]:
    """Start Claude Code with the plugin; end its whole process group afterwards."""
    claude.work_folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [find_claude(), "-p", *_STREAM, "--plugin-dir", str(PLUGIN), *options],
        cwd=claude.work_folder,
        env=claude.make_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield Conversation(process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(TURN_SECONDS)
        for stream in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):
                if stream is not None:
                    stream.close()


def assert_nothing_left(mark: str, gone_at: float) -> None:
    """Fail when a process with the mark still runs a second after the host has ended."""
    while left := find_marked(mark):
        assert time.monotonic() < gone_at + REST_SECONDS, left
        time.sleep(0.02)
