"""The five tools through a real host: one turn that is kept open, with tool calls made by the tests."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.hosts.claude.program import Claude
from tests.support.interfaces.all import AGENT, JsonObject, McpInterface, ToolFailure
from tests.support.models.held_turn import PROMPT, HeldTurn
from tests.support.models.scripted_model import ScriptedModel

#: What Claude Code shows to the model instead of a long result: the file that contains it.
_PERSISTED = re.compile(r"<persisted-output>.*?saved to: (?P<path>\S+)", re.DOTALL)


class HostWay(McpInterface):
    """Tools that a host's model calls."""

    def __init__(self, held: HeldTurn) -> None:
        self._held = held

    def call(self, tool: str, **arguments: Any) -> JsonObject:
        """Make the model call a tool and return the JSON that it received."""
        return self.parse(self.read(tool, **arguments))

    def parse(self, text: str) -> JsonObject:
        """Return the JSON of a tool's result; raise `ToolFailure` for an error."""
        answer: JsonObject = json.loads(text)
        if not answer["ok"]:
            raise ToolFailure(answer["error"], answer["code"], answer.get("current"))
        return answer

    def read(self, tool: str, **arguments: Any) -> str:
        """Make the model call a tool and return the text that it received, from the tool or the host."""
        return read_whole(self._held.call(tool, arguments))


def read_whole(result: str) -> str:
    """Return a tool's whole result, read from the file that the host wrote if it was long."""
    persisted = _PERSISTED.match(result)
    if persisted is None:
        return result
    parts = json.loads(Path(persisted["path"]).read_text(encoding="utf-8"))
    return "".join(part["text"] for part in parts)


@contextmanager
def hold_turn(
    model: ScriptedModel, run_turn: Callable[[], object], make_way: Callable[[HeldTurn], HostWay] = HostWay
) -> Iterator[HostWay]:
    """Run a turn with `PROMPT` in a thread and keep it open for as long as the context lasts."""
    held = model.held_turn = HeldTurn()
    thread = threading.Thread(target=run_turn, daemon=True)
    thread.start()
    try:
        yield make_way(held)
    finally:
        held.end()
        thread.join(60)
        model.held_turn = None
    assert not thread.is_alive(), "the host didn't end with its turn"


@contextmanager
def open_claude(home: Path, model: ScriptedModel, url: str, api_key: str) -> Iterator[HostWay]:
    """Claude Code, with the plugin of this tree."""
    # Its default limit on results is ten times smaller than the largest memory.
    memory = {"MEM9_API_URL": url, "MEM9_API_KEY": api_key, "MNEMOS_AGENT_ID": AGENT}
    claude = Claude(home, model.url, memory | {"MAX_MCP_OUTPUT_TOKENS": "1000000"})
    with hold_turn(model, lambda: claude.ask(PROMPT)) as way:
        yield way
