"""The greeting of the server. The key is only shown once, when it is created."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def first_greeting(url: str, where: str, key: str) -> str:
    """Return the greeting of the first start: address, database, key, and next steps."""
    client = _client_command()
    return f"""
mnemos is running at {url}
Memories are stored in {where}

Your key was created. It is only shown this once:

  export MEM9_API_URL={url}
  export MEM9_API_KEY={key}

Paste both lines into another terminal (and into your shell's startup file), then try:

  {client} store "Our staging database is db-7, and it is rebuilt every Monday"
  {client} search "where is staging?"

Connect your agents (Claude Code, OpenCode, OpenClaw):

  {client} setup

Stop the server with Ctrl+C; the memories are kept.
"""


def later_greeting(url: str, where: str) -> str:
    """Return the greeting of later starts, without a secret."""
    return f"""
mnemos is running at {url}
Memories are stored in {where}

Use the key from the first start. `{_server_command()} provision` creates a new, empty memory with a key.
"""


def _client_command() -> str:
    return _command("mnemos")


def _server_command() -> str:
    return _command("mnemo-server")


def _command(name: str) -> str:
    """Return a command that can be pasted anywhere: its full path, unless a shell finds it by its name."""
    beside = Path(sys.executable).parent / name
    found = shutil.which(name)
    # `uv run` puts this environment on the PATH of the server, not of the shell that the user pastes into.
    is_found_elsewhere = found is not None and Path(found).parent != beside.parent
    return name if is_found_elsewhere or not beside.exists() else str(beside)
