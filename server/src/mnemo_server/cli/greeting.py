"""What the server prints when it starts. The key appears once, when it is made."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def first_greeting(url: str, where: str, key: str) -> str:
    """Greet whoever just made a memory: the address, where the data lies, and what to do next."""
    client = _client_command()
    return f"""
mnemos is running at {url}
Memories are kept in {where}

A first key was made for you. It is shown this once:

  export MEM9_API_URL={url}
  export MEM9_API_KEY={key}

Paste both lines into another terminal (and your shell's profile), then try:

  {client} store "Our staging database is db-7, and it is rebuilt every Monday"
  {client} search "where is staging?"

And give it to your agents (Claude Code, OpenCode, OpenClaw):

  {client} setup

Stop the server with Ctrl+C; the memories stay.
"""


def later_greeting(url: str, where: str) -> str:
    """Greet whoever starts the server again; no secret is shown."""
    return f"""
mnemos is running at {url}
Memories are kept in {where}

Use the key from the first start; `{_server_command()} provision` makes a tenant with a new one.
"""


def _client_command() -> str:
    return _command("mnemos")


def _server_command() -> str:
    return _command("mnemo-server")


def _command(name: str) -> str:
    """Give a command that can be pasted anywhere: its whole path, unless a shell finds it by its name."""
    beside = Path(sys.executable).parent / name
    found = shutil.which(name)
    # `uv run` puts this environment on the PATH of the server, not of the shell that is pasted into.
    is_found_elsewhere = found is not None and Path(found).parent != beside.parent
    return name if is_found_elsewhere or not beside.exists() else str(beside)
