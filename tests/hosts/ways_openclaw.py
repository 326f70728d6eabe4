"""The five tools through the real OpenClaw."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.hosts.openclaw.gateway import run_gateway
from tests.hosts.openclaw.program import OpenClaw
from tests.hosts.ways import HostWay, hold_turn
from tests.support.interfaces.all import AGENT, JsonObject, ToolFailure
from tests.support.models.held_turn import PROMPT
from tests.support.models.scripted_model import ScriptedModel

#: OpenClaw validates calls against the schemas itself; it reports the error, then repeats the whole call.
_REFUSED = "Validation failed for tool "
_REPEATED = "\n\nReceived arguments:"


class OpenClawWay(HostWay):
    """Tools that OpenClaw's model calls."""

    def call(self, tool: str, **arguments: Any) -> JsonObject:
        """Make the model call a tool; a call that OpenClaw refuses fails like one that the server refuses."""
        text = self.read(tool, **arguments)
        if text.startswith(_REFUSED):
            raise ToolFailure(text.partition(_REPEATED)[0], "invalid_request")
        return self.parse(text)


@contextmanager
def open_openclaw(home: Path, model: ScriptedModel, url: str, api_key: str) -> Iterator[HostWay]:
    """OpenClaw's gateway, with the plugin of this tree."""
    host = OpenClaw(home, model.url, {"url": url, "apiKey": api_key, "agentId": AGENT})
    with (
        run_gateway(host) as gateway,
        hold_turn(model, lambda: gateway.ask("held", PROMPT), OpenClawWay) as way,
    ):
        yield way
