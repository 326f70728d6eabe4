"""What a host hands to its hooks, made up anew for each run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bench.load.texts import Texts

#: Behind the name of an event: for a prompt that begins a session, and for one that goes on with it.
FIRST, LATER = ", first", ", later"
#: Messages of a conversation before the first run.
_EARLIER_MESSAGES = 200
#: When the made-up conversations began, and how far apart their messages are, in ms.
_BEGIN, _PACE = 1_795_571_621_128, 1_000


class Said(NamedTuple):
    """A message of a made-up conversation."""

    place: int
    role: str
    content: str

    @property
    def time(self) -> int:
        """When it was said, in ms since 1970."""
        return _BEGIN + self.place * _PACE


@dataclass
class Scene:
    """One user's folders while the server is in one condition; hooks of one scene share their state."""

    folder: Path
    texts: Texts
    #: Counts the runs: nothing is ever asked or said twice.
    number: int = 0
    #: What was said so far, by event.
    said: dict[str, list[Said]] = field(default_factory=dict)

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

    def ask(self) -> str:
        """Make up a prompt."""
        self.number += 1
        return f"{self.texts.question()}, and what is to be done in case {self.number}?"

    def go_on(self, event: str) -> list[Said]:
        """Go on with an event's conversation by one turn, many before the first; give what is new of it."""
        said = self.said.setdefault(event, [])
        begin = len(said)
        for place in range(begin, begin + (2 if said else _EARLIER_MESSAGES)):
            role = "assistant" if place % 2 else "user"
            said.append(Said(place, role, f"{self.texts.memory()} Word {place}."))
        return said[begin:]


#: Makes the input of one run.
Maker = Callable[[Scene, str], dict[str, Any]]


def _make_claude(scene: Scene, event: str) -> dict[str, Any]:
    """As Claude Code 2.1.330 sends it."""
    prompt = scene.ask()
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
        return data | {"prompt": prompt}
    with transcript.open("a", encoding="utf-8") as file:
        for place, role, content in scene.go_on(event):
            line = {"type": role, "uuid": f"{event}-{place}", "message": {"role": role, "content": content}}
            file.write(json.dumps(line) + "\n")
    return data | {"stop_hook_active": False}


def _make_opencode(scene: Scene, event: str) -> dict[str, Any]:
    """As our plugin in OpenCode 1.18.33 tells it."""
    prompt = scene.ask()
    data: dict[str, Any] = {"directory": str(scene.work_folder)}
    if event.startswith("chat.message"):
        session = f"ses_{scene.number}" if event.endswith(FIRST) else "ses_later"
        return data | {"sessionID": session, "messageID": f"msg_{scene.number}", "text": prompt}
    scene.go_on(event)
    messages = [
        {
            "info": {
                "id": f"msg_{said.place}",
                "role": said.role,
                "time": {"created": said.time, "completed": said.time},
                "summary": False,
            },
            "texts": [said.content],
        }
        for said in scene.said[event]
    ]
    return data | {"sessionID": "ses_talk", "createdAt": _BEGIN, "messages": messages}


def _make_openclaw(scene: Scene, event: str) -> dict[str, Any]:
    """As our plugin in OpenClaw 2026.9.6 tells it."""
    prompt = scene.ask()
    session = f"s{scene.number}" if event.endswith(FIRST) else "talk"
    context = {
        "runId": f"run-{scene.number}",
        "agentId": "main",
        "sessionKey": f"agent:main:explicit:{session}",
        "sessionId": session,
        "workspaceDir": str(scene.work_folder),
        "trigger": "user",
    }
    if event.startswith("before_prompt_build"):
        return {"event": {"prompt": prompt}, "ctx": context}
    scene.go_on(event)
    messages = [
        {"role": said.role, "timestamp": said.time, "content": [{"type": "text", "text": said.content}]}
        for said in scene.said[event]
    ]
    return {"event": {"messages": messages}, "ctx": context}


@dataclass(frozen=True, slots=True)
class Harness:
    """A host as the benchmark plays it."""

    make: Maker
    #: Its names for: a session begins, a prompt is sent, a turn is over. A comma begins what tells two of a
    #: name apart.
    events: tuple[str, ...]
    #: Those of them after which the model is given something.
    recalling: tuple[str, ...]
    #: Those of them with which a JavaScript plugin holds up a prompt; none where the host runs hooks itself.
    by_plugin: tuple[str, ...] = ()


HARNESSES: Mapping[str, Harness] = {
    "claude": Harness(
        make=_make_claude,
        events=("SessionStart", "UserPromptSubmit", "Stop"),
        recalling=("SessionStart", "UserPromptSubmit"),
    ),
    "opencode": Harness(
        make=_make_opencode,
        events=("chat.message" + FIRST, "chat.message" + LATER, "session.idle"),
        recalling=("chat.message" + FIRST, "chat.message" + LATER),
        by_plugin=("chat.message" + FIRST, "chat.message" + LATER),
    ),
    "openclaw": Harness(
        make=_make_openclaw,
        events=("before_prompt_build" + FIRST, "before_prompt_build" + LATER, "agent_end"),
        recalling=("before_prompt_build" + FIRST, "before_prompt_build" + LATER),
        by_plugin=("before_prompt_build" + FIRST, "before_prompt_build" + LATER),
    ),
}
