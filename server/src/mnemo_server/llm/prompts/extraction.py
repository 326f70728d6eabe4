"""Distributes a conversation over requests for its facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from mnemo_server.domain.enrichment.facts import Known, SaidMessage
from mnemo_server.domain.tokens import cut_middle, estimate_tokens
from mnemo_server.llm.ports import ExtractionRequest, Prompt
from mnemo_server.llm.prompts.boundary import WIDEST_BOUNDARY, Fence, defuse, draw_boundary, quote

REQUEST_TOKENS: Final = 8_000
"""Limit of estimated tokens that are sent in one request, everything included: a self-hosted model can read
this much."""
ANSWER_TOKENS: Final = 2_000
"""Limit of output tokens; twenty facts take fewer."""
MIN_MESSAGE_TOKENS: Final = 400
"""The least room for messages: the description of the speaker may take 300."""
MAX_KNOWN_TOKENS: Final = 500
"""Limit for the tags in use, and again for the subjects in use."""

#: Limit of characters of a role or a speaker's name that are sent.
_NAME_CHARACTERS: Final = 40
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class ExtractionPlanner:
    """Turns messages into requests."""

    def __init__(
        self, system: str, *, limit: int = REQUEST_TOKENS, draw: Callable[[], str] = draw_boundary
    ) -> None:
        """Accept the fixed part of the prompt, and the limit of estimated tokens that one request may send.

        Raises:
            ValueError: the limit leaves no room for messages.
        """
        self._system = system
        self._draw = draw
        self._limit = limit - estimate_tokens(system)
        least = _measure_frame(Known()) + 2 * MAX_KNOWN_TOKENS + MIN_MESSAGE_TOKENS
        if self._limit < least:
            raise ValueError(f"a request has to have {limit - self._limit + least} tokens")

    def plan(self, messages: Sequence[SaidMessage], known: Known) -> list[ExtractionRequest]:
        """Distribute messages, in order; a message that is too long for a request is cut in its middle."""
        known = Known(_take_fitting(known.tags), _take_fitting(known.subjects))
        room = self._limit - _measure_frame(known)
        texts = [_write_message(number, message, room) for number, message in enumerate(messages, start=1)]
        sizes = [_measure(number, text) for number, text in enumerate(texts, start=1)]
        return [
            self._request([(messages[place], texts[place]) for place in places], known)
            for places in _pack(sizes, room)
        ]

    def _request(self, part: Sequence[tuple[SaidMessage, str]], known: Known) -> ExtractionRequest:
        texts = [text for _, text in part]
        fence = Fence.choose([self._system, *known.tags, *known.subjects, *texts], self._draw)
        sections = "".join(
            fence.section(f"message {number}", text) for number, text in enumerate(texts, start=1)
        )
        user = _write_frame(fence, known, sections)
        return ExtractionRequest(
            messages=tuple(message for message, _ in part),
            prompt=Prompt(self._system, user, ANSWER_TOKENS),
            boundary=fence.boundary,
            vocabulary=tuple(known.tags),
        )


def format_time(moment: int) -> str:
    """Return a time (microseconds UTC) with the day of the week, such as `2026-11-24 10:03 UTC, Tuesday`."""
    said = _EPOCH + timedelta(microseconds=moment)
    written = said.replace(tzinfo=None).isoformat(" ", "minutes")
    return f"{written} UTC, {_DAYS[said.weekday()]}"


def _write_frame(fence: Fence, known: Known, sections: str) -> str:
    """Return the user text: the messages and everything around them."""
    tags = fence.section("tags in use", quote(list(known.tags)))
    subjects = fence.section("subjects in use", quote(list(known.subjects)))
    return fence.request(f"{tags}{subjects}{sections}", "Answer with the JSON object of its facts.")


def _write_message(number: int, message: SaidMessage, room: int) -> str:
    """Return a message as it is sent, in at most `room` tokens."""
    head = f"{quote(_describe(message))}\n"
    return head + cut_middle(defuse(message.content), room - _measure(number, head))


def _describe(message: SaidMessage) -> dict[str, str]:
    """Return who spoke and when; names come from others too, so this is data."""
    who = {"role": message.role[:_NAME_CHARACTERS]}
    if message.name:
        who["name"] = message.name[:_NAME_CHARACTERS]
    return who | {"said": format_time(message.said_at)}


def _measure(number: int, text: str) -> int:
    """Estimate the tokens of a message in a request, with the line before it."""
    return estimate_tokens(Fence(WIDEST_BOUNDARY).section(f"message {number}", text))


def _measure_frame(known: Known) -> int:
    return estimate_tokens(_write_frame(Fence(WIDEST_BOUNDARY), known, ""))


def _pack(sizes: Sequence[int], room: int) -> Iterable[range]:
    """Yield ranges of places, in order, each as long as fits into `room`, but with at least one place."""
    start, total = 0, 0
    for place, size in enumerate(sizes):
        if place > start and total + size > room:
            yield range(start, place)
            start, total = place, 0
        total += size
    if sizes:
        yield range(start, len(sizes))


def _take_fitting(names: Sequence[str]) -> tuple[str, ...]:
    """Return the first names, as many as fit into `MAX_KNOWN_TOKENS`."""
    taken: list[str] = []
    room = MAX_KNOWN_TOKENS
    for name in dict.fromkeys(names):
        room -= estimate_tokens(f"{quote(name)}, ")
        if room < 0:
            break
        taken.append(name)
    return tuple(taken)
