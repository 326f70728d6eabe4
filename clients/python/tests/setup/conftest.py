"""A home, hosts that are small scripts, and `mnemos` run in it."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mnemos.cli import cli
from mnemos.machine.machine import Machine

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
