"""The five tools through the real OpenClaw."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hosts.openclaw import OpenClaw, run_gateway
from tests.hosts.ways import HostWay, hold_turn
from tests.support.held_turn import PROMPT
from tests.support.scripted_model import ScriptedModel
from tests.support.ways import AGENT


@contextmanager
def open_openclaw(home: Path, model: ScriptedModel, url: str, api_key: str) -> Iterator[HostWay]:
    """OpenClaw's gateway, with the plugin of this tree."""
    host = OpenClaw(home, model.url, {"url": url, "apiKey": api_key, "agentId": AGENT})
    with run_gateway(host) as gateway, hold_turn(model, lambda: gateway.ask("held", PROMPT)) as way:
        yield way
