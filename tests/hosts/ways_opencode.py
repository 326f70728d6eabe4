"""The five tools through the real OpenCode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hosts.opencode.program import PLUGIN, OpenCode
from tests.hosts.ways import HostWay, hold_turn
from tests.support.interfaces.all import AGENT
from tests.support.models.held_turn import PROMPT
from tests.support.models.scripted_model import ScriptedModel

#: OpenCode writes longer results to a file and shows its path to the model; one memory may be larger.
_WHOLE_RESULTS = {"max_bytes": 10_000_000, "max_lines": 1_000_000}


@contextmanager
def open_opencode(home: Path, model: ScriptedModel, url: str, api_key: str) -> Iterator[HostWay]:
    """OpenCode, with the plugin of this tree."""
    host = OpenCode(home, model.url)
    plugin = [str(PLUGIN), {"url": url, "apiKey": api_key, "agentId": AGENT}]
    folder = host.add_project("project", plugin, tool_output=_WHOLE_RESULTS)
    with host.serve() as serving:
        project = serving.open(folder)
        session_id = project.create_session()
        with hold_turn(model, lambda: project.ask(session_id, PROMPT)) as way:
            yield way
