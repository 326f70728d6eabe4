"""Runs the real OpenClaw, without network and without the user's own settings."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.marked import MARK_VARIABLE, kill_group
from tools import bundle_plugins, hosts

ROOT = Path(__file__).resolve().parents[3]
#: Seconds for one run of the program; it takes ten to start on an idle machine.
RUN_SECONDS = 150
#: The commands that the plugin asks a user to type once.
SETUP = (
    "openclaw config set plugins.entries.mnemos.hooks.allowConversationAccess true",
    "openclaw plugins disable memory-core",
)


def find_free_port() -> int:
    """Return a TCP port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class OpenClaw:
    """OpenClaw with its own home, a scripted model, and the plugin where tests need it."""

    home: Path
    model_url: str
    #: The user's settings of the plugin.
    settings: dict[str, str] = field(default_factory=dict)
    #: Whether the user has run the commands that the plugin asks for.
    is_set_up: bool = True
    #: Further environment variables.
    variables: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=find_free_port)

    @property
    def workspace(self) -> Path:
        """The folder that the agent works in."""
        return self.home / "ws"

    @property
    def log_path(self) -> Path:
        """The file with the gateway's output."""
        return self.home / "gateway.log"

    def configure(self, *, with_plugin: bool = True) -> None:
        """Write the settings that a user has before, or after, the plugin is installed."""
        self.workspace.mkdir(parents=True, exist_ok=True)
        self.config_path.parent.mkdir(exist_ok=True)
        config = _write_config(self.model_url, self.workspace, self.port)
        if with_plugin:
            config["plugins"] = {
                "load": {"paths": [str(bundle_plugin())]},
                "slots": {"memory": "mnemos"},
                "entries": {"mnemos": {"enabled": True, "config": self.settings}},
            }
        self.config_path.write_text(json.dumps(config))
        if with_plugin and self.is_set_up:
            self.set_up()

    def set_up(self) -> None:
        """Write what the commands of `SETUP` write, without the time that they take."""
        config = json.loads(self.config_path.read_text())
        entries = config["plugins"]["entries"]
        entries["mnemos"]["hooks"] = {"allowConversationAccess": True}
        entries["memory-core"] = {"enabled": False}
        self.config_path.write_text(json.dumps(config))

    @property
    def config_path(self) -> Path:
        """The user's settings of OpenClaw."""
        return self.home / ".openclaw" / "openclaw.json"

    def do(self, command: str) -> str:
        """Run an `openclaw` command as a user types it, which must succeed; return its output."""
        done = self.run(*command.split()[1:])
        assert done.returncode == 0, f"{done.stderr[-2000:]}\n{done.stdout[-2000:]}"
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `openclaw` with these arguments; end its process group afterwards."""
        process = self.start(*arguments)
        try:
            stdout, stderr = process.communicate(timeout=RUN_SECONDS)
        finally:
            kill_group(process.pid)
            process.wait(10)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start `openclaw` with these arguments in its own process group."""
        program = find_openclaw()
        return subprocess.Popen(
            [str(hosts.find_node(program)), str(program), *arguments],
            cwd=self.workspace,
            env=self.make_environment(),
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options),
        )

    def ask_locally(self, session_id: str, prompt: str) -> subprocess.CompletedProcess[str]:
        """Run one turn without a gateway."""
        return self.run(
            "agent", "--local", "--agent", "main", "--session-id", session_id, "--message", prompt
        )

    def make_environment(self) -> dict[str, str]:
        program = find_openclaw()
        return {
            "PATH": f"{hosts.find_node(program).parent}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "LANG": "C.UTF-8",
            "OPENCLAW_STATE_DIR": str(self.home / ".openclaw"),
            "OPENCLAW_CONFIG_PATH": str(self.config_path),
            "OPENCLAW_OFFLINE": "1",
            "OPENCLAW_NO_AUTO_UPDATE": "1",
            "OPENCLAW_DISABLE_BONJOUR": "1",
            "OPENCLAW_SKIP_BROWSER_CONTROL_SERVER": "1",
            "OPENCLAW_SKIP_CANVAS_HOST": "1",
            "OPENCLAW_SKIP_CHANNELS": "1",
            "OPENCLAW_SKIP_CRON": "1",
            "OPENCLAW_SKIP_GMAIL_WATCHER": "1",
            # Shared by all homes: without it every gateway compiles OpenClaw again.
            "NODE_COMPILE_CACHE": str(program.parents[2] / "compiled"),
            "NO_COLOR": "1",
            "CI": "1",
            # The tests share few cores, and none of them checks speed.
            "MNEMOS_HOOK_TIMEOUT_MS": "3000",
            MARK_VARIABLE: str(self.home),
            **self.variables,
        }


@cache
def find_openclaw() -> Path:
    """Return the pinned program; skip the test where it is missing, except in CI, which must have it."""
    try:
        return hosts.ensure("openclaw")
    except hosts.HostUnavailable as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"needs openclaw: {reason}")


@cache
def bundle_plugin() -> Path:
    """Return the plugin as it is published."""
    folders = bundle_plugins.bundle(ROOT, ROOT / "dist" / "plugins")
    return next(folder for folder in folders if folder.name == "openclaw")


def _write_config(model_url: str, workspace: Path, port: int) -> dict[str, Any]:
    model = {
        "id": "scripted",
        "name": "Scripted",
        "reasoning": False,
        "input": ["text"],
        "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
        "contextWindow": 200_000,  # with less OpenClaw cuts the results of tools sooner
        "maxTokens": 8192,
    }
    provider: Mapping[str, Any] = {
        "baseUrl": f"{model_url}/v1",
        "apiKey": "made-up",
        "api": "openai-completions",
        "models": [model],
    }
    defaults = {
        "workspace": str(workspace),
        "skipBootstrap": True,
        "model": {"primary": "made/scripted"},
        "heartbeat": {"every": "0m"},  # its turns would mix with those of the tests
    }
    return {
        "agents": {"defaults": defaults},
        "models": {"mode": "replace", "providers": {"made": provider}},
        "tools": {"toolSearch": False},
        "gateway": {
            "mode": "local",
            "port": port,
            "bind": "loopback",
            "auth": {"mode": "token", "token": "made-up"},
        },
    }
