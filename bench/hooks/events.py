"""The input that a host passes to its hooks, made up for each run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bench.load.texts import Texts

#: Suffixes of an event's name: for the first prompt of a session, and for a later one.
FIRST, LATER = ", first", ", later"
#: Messages of a conversation before the first run.
_EARLIER_MESSAGES = 200
#: When the made-up conversations began, and how far apart their messages are, in ms.
_BEGIN, _PACE = 1_795_571_621_128, 1_000


class ConversationMessage(NamedTuple):
    """A message of a made-up conversation."""

    place: int
    role: str
    content: str

    @property
    def time(self) -> int:
        """When it was sent, in ms since 1970."""
        return _BEGIN + self.place * _PACE


@dataclass
class Scene:
    """One user's folders while the server is in one condition; hooks of one scene share their state."""

    folder: Path
    texts: Texts
    #: Number of prompts so far; part of each, so that none is sent twice.
    number: int = 0
    #: Messages so far, by event.
    messages: dict[str, list[ConversationMessage]] = field(default_factory=dict)

    @property
    def work_folder(self) -> Path:
        """The folder where the user works, below the root of a repository."""
        return self.folder / "project" / "src" / "parts"

    def prepare(self) -> None:
        """Create the repository."""
        self.work_folder.mkdir(parents=True)
        git = self.folder / "project" / ".git"
        git.mkdir()
        (git / "HEAD").write_text("ref: refs/heads/main\n")
        (git / "config").write_text('[remote "origin"]\n\turl = git@example.org:ada/boat.git\n')

    def make_prompt(self) -> str:
        """Make up a prompt."""
        self.number += 1
        return f"{self.texts.question()}, and what is to be done in case {self.number}?"

    def continue_conversation(self, event: str) -> list[ConversationMessage]:
        """Continue an event's conversation by one turn, at first by many; return the new messages."""
        messages = self.messages.setdefault(event, [])
        begin = len(messages)
        for place in range(begin, begin + (2 if messages else _EARLIER_MESSAGES)):
            role = "assistant" if place % 2 else "user"
            messages.append(ConversationMessage(place, role, f"{self.texts.memory()} Word {place}."))
        return messages[begin:]


#: Returns the input of one run.
Maker = Callable[[Scene, str], dict[str, Any]]


def _make_claude(scene: Scene, event: str) -> dict[str, Any]:
    """Return the input as Claude Code 2.1.330 sends it."""
    prompt = scene.make_prompt()
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
        for place, role, content in scene.continue_conversation(event):
            line = {"type": role, "uuid": f"{event}-{place}", "message": {"role": role, "content": content}}
            file.write(json.dumps(line) + "\n")
    return data | {"stop_hook_active": False}


def _make_opencode(scene: Scene, event: str) -> dict[str, Any]:
    """Return the input as our plugin in OpenCode 1.18.33 sends it."""
    prompt = scene.make_prompt()
    data: dict[str, Any] = {"directory": str(scene.work_folder)}
    if event.startswith("chat.message"):
        session = f"ses_{scene.number}" if event.endswith(FIRST) else "ses_later"
        return data | {"sessionID": session, "messageID": f"msg_{scene.number}", "text": prompt}
    scene.continue_conversation(event)
    messages = [
        {
            "info": {
                "id": f"msg_{message.place}",
                "role": message.role,
                "time": {"created": message.time, "completed": message.time},
                "summary": False,
            },
            "texts": [message.content],
        }
        for message in scene.messages[event]
    ]
    return data | {"sessionID": "ses_talk", "createdAt": _BEGIN, "messages": messages}


def _make_openclaw(scene: Scene, event: str) -> dict[str, Any]:
    """Return the input as our plugin in OpenClaw 2026.9.6 sends it."""
    prompt = scene.make_prompt()
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
    scene.continue_conversation(event)
    messages = [
        {
            "role": message.role,
            "timestamp": message.time,
            "content": [{"type": "text", "text": message.content}],
        }
        for message in scene.messages[event]
    ]
    return {"event": {"messages": messages}, "ctx": context}


@dataclass(frozen=True, slots=True)
class Harness:
    """A host as the benchmark simulates it."""

    make: Maker
    #: Its events for: a session begins, a prompt is sent, a turn is over. A suffix after a comma
    #: distinguishes cases of one event.
    events: tuple[str, ...]
    #: The events that add something to the model's context.
    recalling: tuple[str, ...]
    #: The events at which a JavaScript plugin delays a prompt; none where the host runs hooks itself.
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
