"""Runs the real OpenCode, without network and without the user's own settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.support.marked import MARK_VARIABLE, kill_group
from tools import hosts

ROOT = Path(__file__).resolve().parents[3]
PLUGIN = ROOT / "plugins" / "opencode"
#: Seconds for one turn of the real program; a first one takes ten on a busy machine.
TURN_SECONDS = 90
START_SECONDS = 60
MODEL = {"providerID": "fake", "modelID": "fake-model"}
_LISTENING = "opencode server listening on "
_SETTINGS = {
    "model": "fake/fake-model",
    "small_model": "fake/fake-model",
    "autoupdate": False,
    "share": "disabled",
    "enabled_providers": ["fake"],
}


@dataclass
class OpenCode:
    """OpenCode with its own home and a scripted model. Projects or variables name the memory."""

    home: Path
    model_url: str
    variables: dict[str, str] = field(default_factory=dict)

    def add_project(self, name: str, *plugins: object, **settings: object) -> Path:
        """Create a project with these plugins: each a path or a package, alone or as `[path, options]`."""
        folder = self.home / name
        folder.mkdir(parents=True, exist_ok=True)
        settings |= {"plugin": plugins, "provider": {"fake": self._describe_model()}}
        (folder / "opencode.json").write_text(json.dumps({**_SETTINGS, **settings}))
        return folder

    def ask(self, folder: Path, prompt: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run one turn in a project as a separate program, without the request for a title."""
        return self.run(folder, "run", "--title", "test", *options, prompt)

    def run(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `opencode` with these arguments in a folder until it ends."""
        with self.start(folder, *arguments) as process:
            try:
                stdout, _ = process.communicate(timeout=TURN_SECONDS)
            finally:
                kill_group(process.pid)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout)

    def start(self, folder: Path, *arguments: str) -> subprocess.Popen[str]:
        """Start `opencode` in a folder, in its own process group."""
        folder.mkdir(parents=True, exist_ok=True)
        self._pretend_types()
        with (self.home / "stderr.log").open("a") as log:
            return subprocess.Popen(
                [find_opencode(), *arguments],
                cwd=folder,
                env=self.make_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    @contextmanager
    def serve(self) -> Iterator[Serving]:
        """Run `opencode serve`, in which a turn takes half a second; it is killed afterwards."""
        with self.start(self.home, "serve", "--port", "0", "--hostname", "127.0.0.1") as process:
            try:
                yield Serving(process, _read_address(process))
            finally:
                kill_group(process.pid)

    def _pretend_types(self) -> None:
        """Pretend that OpenCode has installed its types, which it would request from the registry."""
        folder = self.home / ".config" / "opencode"
        (folder / "node_modules").mkdir(parents=True, exist_ok=True)
        lock = {"packages": {"": {"dependencies": {"@opencode-ai/plugin": "*"}}}}
        (folder / "package-lock.json").write_text(json.dumps(lock))

    def _describe_model(self) -> dict[str, object]:
        limit = {"context": 200_000, "output": 8192}
        return {
            "npm": "@ai-sdk/openai-compatible",  # OpenCode contains this package
            "name": "Fake",
            "options": {"baseURL": f"{self.model_url}/v1", "apiKey": "made-up"},
            "models": {"fake-model": {"name": "Fake", "tool_call": True, "limit": limit}},
        }

    def make_environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_DATA_HOME": str(self.home / ".local" / "share"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "XDG_STATE_HOME": str(self.home / ".local" / "state"),
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
            "npm_config_registry": "http://127.0.0.1:9",
            "npm_config_fetch_retries": "0",
            # The tests share few cores, and none of them checks speed.
            "MNEMOS_HOOK_TIMEOUT_MS": "3000",
            MARK_VARIABLE: str(self.home),
            **self.variables,
        }


@dataclass(frozen=True, slots=True)
class Serving:
    """A running `opencode serve`."""

    process: subprocess.Popen[str]
    url: str

    def open(self, folder: Path) -> Project:
        """Return the interface to a project."""
        return Project(self.url, folder)


@dataclass(frozen=True, slots=True)
class Project:
    """A project in a running `opencode serve`: its REST interface."""

    url: str
    folder: Path

    def create_session(self, title: str | None = "test") -> str:
        """Begin a session and return its id; without a title, the model writes one."""
        session_id: str = self.send("POST", "/session", {"title": title} if title else {})["id"]
        return session_id

    def ask(self, session_id: str, prompt: str) -> str:
        """Send a prompt and wait for the reply; return its text."""
        parts = [{"type": "text", "text": prompt}]
        return read_text(
            self.send("POST", f"/session/{session_id}/message", {"parts": parts, "model": MODEL})
        )

    def command(self, session_id: str, name: str, arguments: str) -> str:
        """Run a command, such as `/recall arguments`, and return the text of the reply."""
        body = {"command": name, "arguments": arguments, "model": "fake/fake-model"}
        return read_text(self.send("POST", f"/session/{session_id}/command", body))

    def compact(self, session_id: str) -> None:
        """Make the model write a summary that replaces the conversation."""
        self.send("POST", f"/session/{session_id}/summarize", MODEL)

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send one request and return the JSON of the response."""
        query = {"directory": str(self.folder)}
        answer = httpx2.request(method, self.url + path, params=query, json=body, timeout=TURN_SECONDS)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def read_text(answer: dict[str, Any]) -> str:
    """Return the text of a message of the REST interface."""
    return "\n".join(part["text"] for part in answer["parts"] if part["type"] == "text")


def find_opencode() -> str:
    """Return the program: the one in MNEMOS_TEST_OPENCODE, or the pinned one."""
    return os.environ.get("MNEMOS_TEST_OPENCODE") or str(hosts.ensure("opencode"))


def _read_address(process: subprocess.Popen[str]) -> str:
    """Wait for the line with the address of the server."""
    assert process.stdout is not None
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            if _LISTENING in line:
                return line.partition(_LISTENING)[2].strip()
    finally:
        timer.cancel()
    raise RuntimeError("opencode serve ended before it listened")
