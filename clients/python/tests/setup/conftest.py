"""A home, hosts that are small scripts, and `mnemos` run in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner, Result
from mnemos.cli import cli
from mnemos.machine.machine import Machine

PLUGINS = Path(__file__).parents[4] / "plugins"
FAKE = Path(__file__).parent / "fakes" / "host.py"


class Desk:
    """A person's machine."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.programs = folder / "bin"
        self.log = folder / "calls.jsonl"
        self.tree = folder / "tree"
        self.config = self.home / ".config" / "mnemos"
        for path in (self.home, self.programs):
            path.mkdir()
        self._make_tree()

    def _make_tree(self) -> None:
        """Make a working tree with the three plugins."""
        for host in ("claude", "opencode", "openclaw"):
            (self.tree / "plugins" / host).mkdir(parents=True)
        shutil.copytree(PLUGINS / "claude" / "hooks", self.tree / "plugins" / "claude" / "hooks")
        (self.tree / ".claude-plugin").mkdir()
        (self.tree / ".claude-plugin" / "marketplace.json").write_text("{}")
        package = json.dumps({"name": "@mnemos/opencode"})
        (self.tree / "plugins" / "opencode" / "package.json").write_text(package)
        (self.tree / "plugins" / "openclaw" / "openclaw.plugin.json").write_text("{}")

    def add_host(self, *names: str) -> None:
        """Put hosts on the PATH."""
        for name in names:
            path = self.programs / name
            path.write_text(f"#!{sys.executable}\n{FAKE.read_text()}")
            path.chmod(0o755)

    def add_mnemos(self) -> None:
        """Put the running `mnemos` on the PATH."""
        program = Machine(os.environ).own_program
        assert program is not None
        (self.programs / "mnemos").symlink_to(program)

    def run(self, *arguments: str, given: str = "") -> Result:
        """Run `mnemos`."""
        return CliRunner().invoke(cli, arguments, input=given)

    def set_up(self, *arguments: str) -> Result:
        """Run set-up without a server, from the working tree."""
        key = ("--url", "http://memory.example", "--api-key-stdin")
        result = self.run(
            "setup", *key, "--source", str(self.tree), "--no-check", "--yes", *arguments, given="mnk_1"
        )
        assert "mnk_1" not in result.output
        return result

    def write(self, name: str, content: str) -> Path:
        """Write a file of the home."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def look(self) -> dict[str, str]:
        """Return every file, link and folder of the home with its content and mode."""
        return {
            str(path.relative_to(self.home)): f"{_describe(path)} {path.lstat().st_mode:o}"
            for path in sorted(self.home.rglob("*"))
        }

    def list_calls(self) -> list[dict[str, list[str]]]:
        """Return how the hosts were called."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


_COUNTS = ("total", "embedded", "pending", "refused")


class Memories:
    """What a server does that remembers, and is well: set `hook` to what hooks are to meet instead."""

    def __init__(self, answer: type[Any], memory: dict[str, Any]) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.hook: Any = None
        self.deleted = 0
        self._answer, self._memory = answer, memory
        self.fixed = {
            "/versionz": answer(200, {"version": "0.1.0", "started_at": "2026-11-23T20:00:00Z"}),
            "/readyz": answer(200, {"status": "ready", "database": "sqlite"}),
            "/v1alpha2/status": answer(200, {"status": "active"}),
            "/v1alpha2/mem9s/embedding": answer(200, {"state": "off"} | dict.fromkeys(_COUNTS, 0)),
        }

    def __call__(self, request: Any) -> Any:
        path, _, query = request.path.partition("?")
        if path in self.fixed:
            return self.fixed[path]
        if self.hook and request.headers.get("user-agent", "").startswith("mnemos-hook/"):
            return self.hook
        if path.endswith("/recall"):
            found = self._find(json.loads(request.body).get("prompt") or "")
            lines = [{"text": f"- [{kept['id']}, 2026-11-23, note] {kept['content']}"} for kept in found]
            return self._answer(200, {"prompt": {"lines": lines}})
        if request.method == "POST":
            memory_id = f"{len(self.kept) + self.deleted:013d}"
            self.kept[memory_id] = {**self._memory, **json.loads(request.body), "id": memory_id}
            reply = {"status": "accepted", "outcome": "created", "id": memory_id}
            return self._answer(202, reply)
        if request.method == "DELETE":
            self.deleted += 1
            del self.kept[path.rpartition("/")[2]]
            return self._answer(204)
        found = [kept | {"confidence": 60} for kept in self._find(parse_qs(query).get("q", [""])[0])]
        return self._answer(200, {"memories": found, "total": len(found), "limit": 5, "offset": 0})

    def _find(self, text: str) -> list[dict[str, Any]]:
        """Return the memories with the last word of a text."""
        words = text.strip("?").split()
        return [kept for kept in self.kept.values() if words[-1:] and words[-1] in kept["content"]]


def _describe(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent_url: str) -> Desk:
    made = Desk(tmp_path)
    for name in [name for name in os.environ if name.startswith(("XDG_", "MEM9_", "OPENCLAW", "CLAUDE"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.setenv("PATH", str(made.programs))
    monkeypatch.setenv("FAKE_LOG", str(made.log))
    for module in ("mnemos.config", "mnemos.setup.choosing", "mnemos.cli.setup.questions"):
        monkeypatch.setattr(f"{module}.DEFAULT_URL", silent_url)
    return made


@pytest.fixture
def memories(scripted, answer, memory) -> Memories:
    """Makes the scripted server one that remembers."""
    scripted.decide = Memories(answer, memory)
    return scripted.decide


@pytest.fixture
def well(desk: Desk, scripted: Any, memories: Memories, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A machine where everything is well: set up, with a server that remembers."""
    assert scripted.decide is memories
    monkeypatch.setattr("mnemos.setup.hook_check.RUNS", 1)
    desk.add_host("claude", "opencode", "openclaw")
    desk.add_mnemos()
    flags = ("--url", scripted.url, "--api-key-stdin", "--source", str(desk.tree), "--no-check", "--yes")
    assert desk.run("setup", *flags, given=scripted.api_key).exit_code == 0
    return desk


@pytest.fixture
def write_credentials(desk: Desk) -> Callable[..., Path]:
    """Writes profiles, by default one, as set-up does."""

    def write(*names: str) -> Path:
        profiles = {name: {"url": f"http://{name}.example", "api_key": f"mnk_{name}"} for name in names}
        path = desk.write(
            ".config/mnemos/credentials.json", json.dumps({"default": names[0], "profiles": profiles})
        )
        path.chmod(0o600)
        path.parent.chmod(0o700)
        return path

    return write
