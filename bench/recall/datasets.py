"""Read conversations with questions about them, in the format of LoCoMo.

A conversation contains `conversation.session_<n>`, a list of turns `{speaker, dia_id, text, blip_caption?}`,
with `session_<n>_date_time` beside it, and `qa`, a list of `{question, evidence, category}` whose evidence
names turns by `dia_id`. A file contains one conversation or a list of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

#: Conversations of coding agents, written for this benchmark.
AGENTS = Path(__file__).resolve().parent / "agents"
#: Names of LoCoMo's numbered categories.
CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
#: Asks for what was never said, so finding nothing is not a failure; always reported separately.
ADVERSARIAL = 5
#: The category of a question that names none.
SINGLE_HOP = 4

_SESSION = re.compile(r"session_(\d+)")
#: Also matches the misspellings in LoCoMo: `D8:6; D9:17`, `D:11:26`, `D30:05`.
_EVIDENCE = re.compile(r"D:?(\d+):(\d+)")
#: Such as 1:56 pm on 8 May, 2023, taken as UTC.
_STARTED_AT = "%I:%M %p on %d %B, %Y"


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation; `id` is unique within it."""

    id: str
    speaker: str
    text: str
    #: What the accompanying picture shows; empty without one.
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """Turns of one sitting, in order."""

    number: int
    started_at: datetime
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the ids of the turns that answer it: at least one."""

    #: Its place among the questions of its conversation, from 1.
    number: int
    text: str
    category: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Sessions of the same speakers, and questions about them."""

    name: str
    sessions: tuple[Session, ...]
    questions: tuple[Question, ...]
    #: Evidence with a misspelt turn id that was repaired, and evidence with an unknown one that was dropped.
    repaired_count: int
    dropped_count: int
    #: Questions without any known evidence, which can't be measured.
    left_out_count: int

    @property
    def speakers(self) -> list[str]:
        """All speakers, in the order of their first turns."""
        return list(dict.fromkeys(turn.speaker for session in self.sessions for turn in session.turns))


@dataclass(frozen=True, slots=True)
class DataSet:
    """Conversations to measure on."""

    name: str
    conversations: tuple[Conversation, ...]
    #: Whether all conversations are memories of one tenant, each a project, rather than a tenant each.
    shares_tenant: bool = False

    @property
    def turn_count(self) -> int:
        """Total number of turns."""
        return sum(len(session.turns) for one in self.conversations for session in one.sessions)


def load_data_set(paths: Sequence[Path], name: str, *, shares_tenant: bool = False) -> DataSet:
    """Read files into one data set.

    Raises:
        OSError: a file can't be read.
        ValueError: a file isn't in this format; the message says what is missing.
    """
    conversations: list[Conversation] = []
    for path in paths:
        data = _read_json(path)
        for item in data if isinstance(data, list) else [data]:
            try:
                conversations.append(_read_conversation(item, f"{path.stem}-{len(conversations) + 1}"))
            except (KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{path} isn't of LoCoMo's format: {error!r}") from error
    return DataSet(name, tuple(conversations), shares_tenant)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} isn't JSON: {error}") from error


def _read_conversation(item: Mapping[str, Any], default_name: str) -> Conversation:
    sessions = tuple(_read_sessions(item["conversation"]))
    known = {turn.id for session in sessions for turn in session.turns}
    questions: list[Question] = []
    repaired = dropped = left_out = 0
    for number, item_question in enumerate(item["qa"], start=1):
        evidence: dict[str, None] = {}
        for text in map(str, item_question.get("evidence") or []):
            turns = [turn_id for turn_id in _turn_ids(text) if turn_id in known]
            repaired += bool(turns) and text not in known
            dropped += not turns
            evidence |= dict.fromkeys(turns)
        left_out += not evidence
        if evidence:
            text, category = str(item_question["question"]), int(item_question.get("category", SINGLE_HOP))
            questions.append(Question(number, text, category, tuple(evidence)))
    name = str(item.get("sample_id") or default_name)
    return Conversation(name, sessions, tuple(questions), repaired, dropped, left_out)


def _read_sessions(data: Mapping[str, Any]) -> Iterator[Session]:
    """Yield the sessions that contain turns, by number; of turns with the same id, only the first is kept."""
    numbers = sorted(int(found[1]) for key in data if (found := _SESSION.fullmatch(key)))
    seen: set[str] = set()
    for number in numbers:
        turns = []
        for turn_data in data[f"session_{number}"] or []:
            if turn_data["dia_id"] not in seen:
                seen.add(turn_data["dia_id"])
                turns.append(_read_turn(turn_data))
        if turns:
            started_at = datetime.strptime(data[f"session_{number}_date_time"], _STARTED_AT).replace(
                tzinfo=UTC
            )
            yield Session(number, started_at, tuple(turns))


def _read_turn(turn_data: Mapping[str, Any]) -> Turn:
    caption = turn_data.get("blip_caption") or ""
    text = caption if isinstance(caption, str) else " ".join(map(str, caption))
    return Turn(str(turn_data["dia_id"]), str(turn_data["speaker"]), str(turn_data.get("text") or ""), text)


def _turn_ids(text: str) -> list[str]:
    return [f"D{int(session)}:{int(turn)}" for session, turn in _EVIDENCE.findall(text)]
