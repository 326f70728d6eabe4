"""Redacts secrets in requests before anything else processes them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, TypeVar

from mnemos_contract.limits import MAX_NAME_CHARACTERS
from mnemos_contract.messages import Message
from mnemos_contract.recalls import RecallRequest
from mnemos_contract.writing import StoreRequest, UpdateRequest
from mnemos_redaction import MARK, redact
from pydantic import JsonValue

#: Name of the fingerprint key among the values of the installation, and its length in bytes.
FINGERPRINT_KEY: Final = "redaction_fingerprint_key"
KEY_BYTES: Final = 32
#: Longer texts, in characters, are searched for secrets in a thread: that takes more than a few milliseconds.
_LONG_TEXT: Final = 20_000

R = TypeVar("R", StoreRequest, UpdateRequest, RecallRequest)


class Scrubber:
    """Redacts secrets in texts one after the other, and counts them by kind."""

    def __init__(self, key: bytes) -> None:
        self.found: Counter[str] = Counter()
        self._key = key

    def clean(self, text: str) -> str:
        """Return the text with each secret replaced by a mark."""
        redacted = redact(text, self._key)
        self.found.update(finding.kind for finding in redacted.findings)
        return redacted.text

    def clean_json(self, value: JsonValue) -> JsonValue:
        """Redact every text in a JSON value, including member names.

        A text is read together with its member name, which may show that it is a secret.
        """
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, list):
            return [self.clean_json(item) for item in value]
        if isinstance(value, dict):
            return {self.clean(name): self._clean_member(name, item) for name, item in value.items()}
        return value

    def clean_name(self, text: str) -> str:
        """Redact a short text; if the marks make it too long for its column, return only the first mark."""
        cleaned = self.clean(text)
        if len(cleaned) <= MAX_NAME_CHARACTERS or cleaned == text:
            return cleaned
        mark = MARK.search(cleaned)
        return cleaned[:MAX_NAME_CHARACTERS] if mark is None else mark[0]

    def _clean_member(self, name: str, item: JsonValue) -> JsonValue:
        if not isinstance(item, str):
            return self.clean_json(item)
        head = f"{name}: "
        together = redact(f"{head}{item}", self._key)
        if together.text.startswith(head) and together.findings:
            self.found.update(finding.kind for finding in together.findings)
            return together.text.removeprefix(head)
        return self.clean(item)


class Redactor:
    """Redacts requests; without a key it returns everything unchanged."""

    def __init__(self, key: bytes | None) -> None:
        #: Secrets redacted since the start.
        self.taken = 0
        self._key = key

    @property
    def is_on(self) -> bool:
        """Whether redaction is switched on."""
        return self._key is not None

    def clean_text(self, text: str) -> str:
        """Return the text with its secrets redacted."""
        scrubber = self.open_scrubber()
        return text if scrubber is None else scrubber.clean(text)

    def open_scrubber(self) -> Scrubber | None:
        """Return a new scrubber with the installation's key; None if redaction is switched off."""
        return None if self._key is None else Scrubber(self._key)

    async def clean_store(self, request: StoreRequest) -> tuple[StoreRequest, int]:
        """Return the redacted request, and how many secrets were redacted."""
        size = len(request.content or "") + sum(len(message.content) for message in request.messages)
        return await self._clean(request, size, _clean_stored)

    async def clean_update(self, request: UpdateRequest) -> tuple[UpdateRequest, int]:
        """Return the redacted request, and how many secrets were redacted."""
        return await self._clean(request, len(request.content or ""), _clean_updated)

    async def clean_recall(self, request: RecallRequest) -> tuple[RecallRequest, int]:
        """Return the redacted request, and how many secrets were redacted."""
        return await self._clean(request, len(request.prompt or ""), _clean_recall)

    async def _clean(self, request: R, size: int, work: Callable[[R, Scrubber], R]) -> tuple[R, int]:
        scrubber = self.open_scrubber()
        if scrubber is None:
            return request, 0
        is_long = size > _LONG_TEXT
        cleaned = await asyncio.to_thread(work, request, scrubber) if is_long else work(request, scrubber)
        taken = scrubber.found.total()
        self.taken += taken
        return (cleaned, taken) if taken else (request, 0)


def _clean_stored(request: StoreRequest, scrubber: Scrubber) -> StoreRequest:
    update: dict[str, object] = {"messages": [_clean_message(one, scrubber) for one in request.messages]}
    if request.content:
        update["content"] = scrubber.clean(request.content)
    for name in ("source", "subject", "session_id", "project"):
        value = getattr(request, name)
        if value:
            update[name] = scrubber.clean_name(value)
    return request.model_copy(update=update | _clean_extras(request, scrubber))


def _clean_updated(request: UpdateRequest, scrubber: Scrubber) -> UpdateRequest:
    update: dict[str, object] = {}
    if request.content:
        update["content"] = scrubber.clean(request.content)
    if request.source:
        update["source"] = scrubber.clean_name(request.source)
    return request.model_copy(update=update | _clean_extras(request, scrubber))


def _clean_recall(request: RecallRequest, scrubber: Scrubber) -> RecallRequest:
    update: dict[str, object] = {}
    if request.prompt:
        update["prompt"] = scrubber.clean(request.prompt)
    for name in ("session_id", "project"):
        value = getattr(request, name)
        if value:
            update[name] = scrubber.clean_name(value)
    return request.model_copy(update=update)


def _clean_extras(request: StoreRequest | UpdateRequest, scrubber: Scrubber) -> dict[str, object]:
    """Redact tags and metadata if they were sent; absent fields stay absent."""
    extras: dict[str, object] = {}
    if request.tags:
        extras["tags"] = list(dict.fromkeys(map(scrubber.clean_name, request.tags)))
    if request.metadata is not None:
        extras["metadata"] = scrubber.clean_json(request.metadata)
    return extras


def _clean_message(message: Message, scrubber: Scrubber) -> Message:
    content = scrubber.clean(message.content)
    name = message.name and scrubber.clean_name(message.name)
    if (content, name) == (message.content, message.name):
        return message
    return message.model_copy(update={"content": content, "name": name})
