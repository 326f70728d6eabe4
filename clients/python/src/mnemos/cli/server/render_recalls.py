"""Recalls, as people read them in a terminal."""

from __future__ import annotations

import sys
from typing import Final

from mnemos_contract.recalls import ConsideredMemory, Recall, RecallPage
from rich.text import Text

from mnemos.cli.memories.render import open_console, print_line
from mnemos.cli.render_plain import printable

#: Why a block has no lines, and why a memory isn't shown, in words.
_SILENCES: Final = {
    "no_question": "nothing: the prompt asks for nothing",
    "nothing_stored": "nothing: nothing is stored yet",
    "nothing_near": "nothing: nothing stored is near enough",
    "not_needed": "nothing: the prompt doesn't depend on what is stored",
    "shown_already": "nothing: everything was shown already",
}
_LEFT_OUT: Final = {
    "weak": "matters less",
    "repeats_prompt": "repeats the prompt",
    "same": "says the same as another",
    "corrected": "corrected by a newer one",
    "this_session": "said in this session",
    "shown_already": "shown already",
    "over_budget": "no room left",
    "other_project": "of another project",
}
_EVENT_WIDTH: Final = 7
_LEFT_OUT_WIDTH: Final = max(map(len, _LEFT_OUT.values()))


def print_recalls(page: RecallPage) -> None:
    """Print one line per recall: id, time, event, how much was shown or why nothing, prompt."""
    console = open_console()
    for recall in page.recalls:
        line = Text(recall.id, style="cyan")
        line.append(f"  {recall.created_at:%Y-%m-%d %H:%M:%S}  {recall.event:<{_EVENT_WIDTH}}", style="dim")
        line.append(f"  {_describe(recall)}", style="yellow" if recall.silence else "green")
        line.append(f"  {' '.join(printable(recall.prompt or '').split())}", style="default")
        print_line(console, line)
    if not page.recalls:
        print("no recalls", file=sys.stderr)  # noqa: T201  (beside the rows)


def print_recall(recall: Recall) -> None:
    """Print a recall with what was shown, then what was left out and why."""
    console = open_console()
    facts = {
        "id": recall.id,
        "time": f"{recall.created_at:%Y-%m-%d %H:%M:%S} UTC, {recall.elapsed_ms} ms",
        "event": recall.event,
        "session": recall.session_id,
        "project": recall.project,
        "agent": recall.agent_id,
        "prompt": recall.prompt,
        "result": _describe(recall),
    }
    for name, value in facts.items():
        if value:
            line = Text(f"{name:<{_EVENT_WIDTH}}  ", style="dim")
            line.append(" ".join(printable(value).split()), style="default")
            console.print(line, soft_wrap=True)
    for memory in recall.memories:
        print_line(console, _describe_memory(memory))


def _describe(recall: Recall) -> str:
    if recall.silence is not None:
        return _SILENCES.get(recall.silence.value, recall.silence.value)
    shown = sum(memory.left_out is None for memory in recall.memories)
    return f"{shown} {'memory' if shown == 1 else 'memories'}, {recall.tokens} tokens"


def _describe_memory(memory: ConsideredMemory) -> Text:
    reason = (
        "shown" if memory.left_out is None else _LEFT_OUT.get(memory.left_out.value, memory.left_out.value)
    )
    line = Text(f"  {memory.memory_id}", style="cyan")
    line.append(f"  {memory.confidence:>3}%", style="green")
    line.append(f"  {reason:<{_LEFT_OUT_WIDTH}}", style="dim" if memory.left_out else "green")
    line.append(f"  {printable(memory.content or '(deleted since)')}", style="default")
    return line
