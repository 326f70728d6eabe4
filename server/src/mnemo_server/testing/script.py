"""The script of a language model for tests: rules, and responses like those of a real model."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mnemo_server.llm.ports import ModelError

_MESSAGE: Final = re.compile(
    r"^#(\w+) (?:message|memory) (\d+)(?:, pinned)?\n(.*)\n(?s:(.*?))\n(?=#\1 )", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Numbered:
    """One message or memory, as the model sees it."""

    number: int
    about: dict[str, Any]
    """Who said it and when, or which tags it has."""
    text: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One request, as the model received it."""

    system: str
    user: str
    max_output_tokens: int

    @property
    def numbered(self) -> list[Numbered]:
        """The messages or memories in the request."""
        found = _MESSAGE.finditer(self.user)
        return [Numbered(int(one[2]), json.loads(one[3]), one[4]) for one in found]

    def find(self, pattern: str) -> list[int]:
        """Return the numbers of the messages or memories whose text matches a regular expression."""
        return [one.number for one in self.numbered if re.search(pattern, one.text)]


@dataclass(frozen=True, slots=True)
class Stall:
    """Sends no response until the model is released."""


#: A text; an object, sent as JSON; an error to raise; a stall; or a function that chooses by the request.
Response: TypeAlias = "str | dict[str, Any] | ModelError | Stall | Callable[[ModelRequest], Response]"


@dataclass(frozen=True, slots=True)
class Rule:
    """The responses to requests that match the regular expression `pattern`: each once, then the last one."""

    pattern: str
    responses: Sequence[Response]


NO_FACTS: Final[dict[str, Any]] = {"facts": []}


class Script:
    """Chooses the response to each request by the first rule that matches it. Thread-safe."""

    def __init__(self, *rules: Rule, default: Response = NO_FACTS) -> None:
        """Accept the rules, and the response for requests that match none."""
        self.rules = list(rules)
        self.default = default
        #: All requests, in the order of their arrival.
        self.requests: list[ModelRequest] = []
        self._turns: dict[int, int] = {}
        self._lock = threading.Lock()

    def respond_to(self, pattern: str, *responses: Response) -> None:
        """Add a rule that takes precedence over all others."""
        self.rules.insert(0, Rule(pattern, responses))

    def choose(self, request: ModelRequest) -> str | ModelError | Stall:
        """Return the next response to a request."""
        with self._lock:
            self.requests.append(request)
            response = self._choose(request)
        while callable(response):
            response = response(request)
        return json.dumps(response, ensure_ascii=False) if isinstance(response, dict) else response

    def _choose(self, request: ModelRequest) -> Response:
        for rule in self.rules:
            if re.search(rule.pattern, request.user, re.DOTALL):
                turn = self._turns.get(id(rule), 0)
                self._turns[id(rule)] = turn + 1
                return rule.responses[min(turn, len(rule.responses) - 1)]
        return self.default


def facts(*found: dict[str, Any]) -> dict[str, Any]:
    """Return the response with these facts; see `fact`."""
    return {"facts": list(found)}


def fact(content: str, *sources: int, tags: Sequence[str] = (), subject: str | None = None) -> dict[str, Any]:
    """Return one fact, found in the messages with these numbers."""
    return {"content": content, "sources": list(sources), "tags": list(tags), "subject": subject}


def merge(
    decision: str, number: int | None = None, content: str | None = None, reason: str = "By the script."
) -> dict[str, Any]:
    """Return the response that decides about a fact."""
    return {"decision": decision, "number": number, "content": content, "reason": reason}


#: Responses that contain no JSON object, or none that can be parsed.
MALFORMED_RESPONSES: Final = (
    "",
    "I found no facts.",
    '{"facts": [',
    '{"facts": [{"content": "The port is 4000',
    "{'facts': []}",
    '{"facts": [],}',
    '[{"content": "The port is 4000", "sources": [1]}]',
    "{" * 5_000,
    '{"facts": []} {"facts": [{"content": "x", "sources": [1]}]}',
)

#: Objects of the wrong types, as responses to a request for facts.
MISTYPED_RESPONSES: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"facts": None},
    {"facts": "none"},
    {"facts": {"content": "The port is 4000"}},
    {"facts": [{"content": "The port is 4000"}]},
    {"facts": [{"content": 4000, "sources": [1]}]},
    {"facts": [{"content": "The port is 4000", "sources": ["1"]}]},
    {"facts": [{"content": "The port is 4000", "sources": 1}]},
    {"facts": [{"content": "The port is 4000", "sources": [True]}]},
    {"facts": [{"content": "The port is 4000", "sources": [1], "tags": "db"}]},
    {"facts": [{"content": "The port is 4000", "sources": [1], "subject": ["project", "port"]}]},
)
