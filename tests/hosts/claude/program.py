"""Runs the real Claude Code, without network and without the user's own settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.marked import kill_group
from tools import hosts

ROOT = Path(__file__).resolve().parents[3]
PLUGIN = ROOT / "plugins" / "claude"
#: Seconds for one turn of the real program; it takes two on an idle machine.
TURN_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Turn:
    """The result of a run of `claude -p`."""

    code: int
    output: dict[str, Any]
    stderr: str


@dataclass
class Claude:
    """Claude Code with its own home, a scripted model and the address of the memory."""

    home: Path
    model_url: str
    memory: dict[str, str] = field(default_factory=dict)
    #: Whether the plugin is loaded for the session only, and not installed.
    with_plugin_folder: bool = True

    @property
    def work_folder(self) -> Path:
        """The user's project."""
        return self.home / "project"

    @property
    def state_folder(self) -> Path:
        """The folder with the hooks' state."""
        return self.home / ".local" / "state" / "mnemos"

    def ask(self, prompt: str, *options: str) -> Turn:
        """Run one turn and wait for the end of the whole session."""
        plugin = ["--plugin-dir", str(PLUGIN)] if self.with_plugin_folder else []
        done = self.run("-p", prompt, "--output-format", "json", *plugin, *options)
        output = json.loads(done.stdout) if done.stdout.startswith("{") else {}
        return Turn(done.returncode, output, done.stderr)

    def ask_for_hooks(self, prompt: str) -> list[dict[str, Any]]:
        """Run one turn; return what Claude Code reports of each hook: event, exit code, outcome, output."""
        options = ("--output-format", "stream-json", "--verbose", "--include-hook-events")
        done = self.run("-p", prompt, *options, "--plugin-dir", str(PLUGIN))
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return [event for event in events if event.get("subtype") == "hook_response"]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `claude` with these arguments; end its process group afterwards."""
        self.work_folder.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen(
            [find_claude(), *arguments],
            cwd=self.work_folder,
            env=self.make_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(timeout=TURN_SECONDS)
        finally:
            kill_group(process.pid)
            process.wait(10)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def make_environment(self) -> dict[str, str]:
        """Return the whole environment that Claude Code sees."""
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "ANTHROPIC_BASE_URL": self.model_url,
            "ANTHROPIC_API_KEY": "made-up",
            "CLAUDE_CODE_MAX_RETRIES": "0",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            # The tests share few cores, and none of them checks speed.
            "MNEMOS_HOOK_TIMEOUT_MS": "3000",
            **self.memory,
        }


def find_claude() -> str:
    """Return the program: the one in MNEMOS_TEST_CLAUDE, or the pinned one."""
    return os.environ.get("MNEMOS_TEST_CLAUDE") or str(hosts.ensure("claude"))
