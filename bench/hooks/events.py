"""What a host hands to its hooks, made up anew for each run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.load.texts import Texts

#: Messages that a transcript holds before the first run.
_EARLIER_MESSAGES = 200


@dataclass
class Scene:
    """One user's folders while the server is in one condition; hooks of one scene share their state."""

    folder: Path
    texts: Texts
    #: Counts the runs: nothing is ever asked or said twice.
    number: int = 0
    #: Messages said so far, by event.
    said: dict[str, int] = field(default_factory=dict)

    @property
    def work_folder(self) -> Path:
        """Where the user works: below the root of a repository."""
        return self.folder / "project" / "src" / "parts"

    def prepare(self) -> None:
        """Make the repository."""
        self.work_folder.mkdir(parents=True)
        git = self.folder / "project" / ".git"
        git.mkdir()
        (git / "HEAD").write_text("ref: refs/heads/main\n")
        (git / "config").write_text('[remote "origin"]\n\turl = git@example.org:ada/boat.git\n')


#: Makes the input of one run.
Maker = Callable[[Scene, str], dict[str, Any]]


def _make_claude(scene: Scene, event: str) -> dict[str, Any]:
    """As Claude Code 2.1.330 sends it."""
    scene.number += 1
    transcript = scene.folder / f"{event}.jsonl"
    data = {
        "session_id": f"session-{event}" if event == "Stop" else f"session-{event}-{scene.number}",
        "transcript_path": str(transcript),
        "cwd": str(scene.work_folder),
        "hook_event_name": event,
        "permission_mode": "default",
    }
    if event == "SessionStart":
        return data | {"source": "startup"}
    data["prompt_id"] = f"prompt-{scene.number}"
    if event == "UserPromptSubmit":
        return data | {"prompt": f"{scene.texts.question()}, and what is to be done in case {scene.number}?"}
    _speak(scene, event, transcript)
    return data | {"stop_hook_active": False}


def _speak(scene: Scene, event: str, transcript: Path) -> None:
    """Add one turn to the transcript; many before the first."""
    begin = scene.said.get(event, 0)
    end = begin + (2 if begin else _EARLIER_MESSAGES)
    with transcript.open("a", encoding="utf-8") as file:
        for place in range(begin, end):
            role = "assistant" if place % 2 else "user"
            content = f"{scene.texts.memory()} Word {place}."
            line = {"type": role, "uuid": f"{event}-{place}", "message": {"role": role, "content": content}}
            file.write(json.dumps(line) + "\n")
    scene.said[event] = end


@dataclass(frozen=True, slots=True)
class Harness:
    """A host as the benchmark plays it."""

    make: Maker
    #: Its names for: a session begins, a prompt is sent, a turn is over.
    events: tuple[str, ...]
    #: Those of them after which the model is given something.
    recalling: tuple[str, ...]


HARNESSES: Mapping[str, Harness] = {
    "claude": Harness(
        make=_make_claude,
        events=("SessionStart", "UserPromptSubmit", "Stop"),
        recalling=("SessionStart", "UserPromptSubmit"),
    ),
}
