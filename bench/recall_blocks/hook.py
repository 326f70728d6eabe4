"""The product's own hook as a black box: a prompt in, a block out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.common.client import Address

#: Prefix of the projects of the user's clones.
PROJECT_PREFIX = "git.example.org/bench/"
_LINE = re.compile(r"^- \[([0-9a-z]+)", re.MULTILINE)
_LIMIT_SECONDS = 30
_OURS = ("MEM9_", "MNEMO_", "MNEMOS_")


@dataclass(frozen=True, slots=True)
class Block:
    """What a hook printed for the model, and how long that took."""

    text: str
    elapsed_ms: float

    @property
    def memory_ids(self) -> list[str]:
        """The memories that it shows, in order."""
        return _LINE.findall(self.text)

    @property
    def tokens(self) -> float:
        """Estimated tokens of its lines: a quarter for each ASCII character, three for four of others."""
        lines = [line for line in self.text.split("\n") if line.startswith("- [")]
        characters = sum(map(len, lines))
        return (characters + 2 * sum(character > "\x7f" for line in lines for character in line)) / 4


class Host:
    """Simulates Claude Code for one user with several projects; each prompt starts a new session."""

    def __init__(self, program: Path, server: Address, folder: Path, deadline_ms: int | None) -> None:
        """Accept the program, the server with its key, a folder for the user's files, and the deadline."""
        self._program = program
        self._folder = folder
        self._count = 0
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        self._environment |= {
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "MEM9_API_URL": f"http://{server.host}:{server.port}",
            "MEM9_API_KEY": server.api_key or "",
        }
        if deadline_ms is not None:
            self._environment["MNEMOS_HOOK_TIMEOUT_MS"] = str(deadline_ms)

    def send_prompt(self, project: str, prompt: str) -> Block:
        """Return the block for a prompt; it is empty if nothing is shown.

        Raises:
            RuntimeError: the hook fails, which it never may.
        """
        self._count += 1
        return self._run(
            "UserPromptSubmit",
            {"prompt": prompt, "prompt_id": f"p{self._count}", "cwd": str(self._make_folder(project))},
        )

    def begin(self, project: str) -> Block:
        """Return the block of a new session."""
        self._count += 1
        return self._run("SessionStart", {"source": "startup", "cwd": str(self._make_folder(project))})

    def _run(self, event: str, fields: Mapping[str, str]) -> Block:
        hook_input = {"session_id": f"bench-{self._count}", "hook_event_name": event, **fields}
        started = time.perf_counter()
        done = subprocess.run(
            [str(self._program), "hook", event, "--harness", "claude"],
            input=json.dumps(hook_input).encode(),
            env=self._environment,
            capture_output=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
        elapsed_ms = (time.perf_counter() - started) * 1_000
        if done.returncode or done.stderr:
            raise RuntimeError(f"the hook failed: {done.stderr.decode('utf-8', 'replace')[:500]}")
        if not done.stdout:
            return Block("", elapsed_ms)
        context = json.loads(done.stdout)["hookSpecificOutput"]["additionalContext"]
        return Block(str(context), elapsed_ms)

    def _make_folder(self, project: str) -> Path:
        """Return the user's clone of a project; its remote makes it the project of that name."""
        folder = self._folder / project
        git = folder / ".git"
        if not git.exists():
            git.mkdir(parents=True)
            (git / "HEAD").write_text("ref: refs/heads/main\n")
            (git / "config").write_text(f'[remote "origin"]\n\turl = https://{PROJECT_PREFIX}{project}.git\n')
        return folder
