"""Store conversations over the wire as a host would, and remember which memory is which turn."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from mnemos_contract.messages import Message, SessionMessages
from mnemos_contract.writing import StoreRequest

from bench.common.api import MEMORIES, SESSION_MESSAGES, provision
from bench.common.client import Address, HttpConnection, UnexpectedResponse, fetch
from bench.recall.datasets import DataSet, Session, Turn

#: What can be left out of the messages, to measure what it contributes.
PARTS: Final = ("captions", "names", "dates")
#: Messages in one request.
WINDOW: Final = 20
#: Speakers that are roles; any other speaker is a name.
_ROLES: Final = ("user", "assistant", "tool", "system")
#: Number of texts that a server still has to embed before it finds everything.
_BACKLOG: Final = re.compile(rb"^mnemo_embedding_backlog (\S+)", re.MULTILINE)
_EMBEDDING_SECONDS: Final = 900
_POLL_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a turn: its conversation and its id there."""

    conversation: str
    turn_id: str


@dataclass(frozen=True, slots=True)
class Pool:
    """One tenant: what a search covers."""

    address: Address
    #: Each turn by the id of its memory.
    places: dict[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Session:
    """A session as it is sent; `places` of its turns by seq."""

    id: str
    messages: list[Message]
    project: str | None
    places: list[Place]


async def seed(
    connection: HttpConnection,
    server: Address,
    data_set: DataSet,
    without: Collection[str] = (),
    *,
    project_prefix: str = "",
) -> dict[str, Pool]:
    """Store all conversations and return the pool of each by name; wait until the server has processed them.

    Raises:
        UnexpectedResponse: the server returns an error or lacks something that was sent.
        TimeoutError: it is still busy after 15 minutes.
    """
    pools: dict[str, Pool] = {}
    shared = Pool(await provision(connection, server)) if data_set.shares_tenant else None
    for conversation in data_set.conversations:
        pool = shared or Pool(await provision(connection, server))
        pools[conversation.name] = pool
        project = f"{project_prefix}{conversation.name}" if data_set.shares_tenant else None
        for session in conversation.sessions:
            outgoing = _Session(
                id=f"{conversation.name}-{session.number}",
                messages=list(_messages(session, conversation.speakers, without)),
                project=project,
                places=[Place(conversation.name, turn.id) for turn in session.turns],
            )
            await _store(connection, pool, outgoing)
    await _wait_for_embeddings(connection, server)
    return pools


async def _store(connection: HttpConnection, pool: Pool, session: _Session) -> None:
    """Store a session in windows, and read back the memory of each turn."""
    for first in range(0, len(session.messages), WINDOW):
        window = session.messages[first : first + WINDOW]
        body = StoreRequest(messages=window, session_id=session.id, project=session.project).to_request()
        await fetch(connection, pool.address.request("POST", MEMORIES, body), 202)
    path = f"{SESSION_MESSAGES}?session_id={quote(session.id, safe='')}"
    response = await fetch(connection, pool.address.request("GET", path), 200)
    stored = SessionMessages.model_validate_json(response).messages
    if len(stored) != len(session.messages):
        raise UnexpectedResponse(
            f"session {session.id} contains {len(stored)} of {len(session.messages)} messages"
        )
    pool.places.update({message.id: session.places[message.seq] for message in stored})


def _messages(session: Session, speakers: Sequence[str], without: Collection[str]) -> Iterator[Message]:
    """Yield the messages of a session; a turn with neither text nor picture is left out."""
    for seq, turn in enumerate(session.turns):
        content = _content(turn, without)
        if not content:
            continue
        fields: dict[str, Any] = {"content": content, "seq": seq}
        if turn.speaker in _ROLES:
            fields["role"] = turn.speaker
        else:
            fields["role"] = _ROLES[speakers.index(turn.speaker) % 2]
            fields |= {} if "names" in without else {"name": turn.speaker}
        if "dates" not in without:
            fields["created_at"] = session.started_at
        yield Message(**fields)


def _content(turn: Turn, without: Collection[str]) -> str:
    shows = f"[shares image: {turn.caption}]" if turn.caption and "captions" not in without else ""
    return f"{turn.text} {shows}".strip()


async def _wait_for_embeddings(connection: HttpConnection, server: Address) -> None:
    """Wait until the server has nothing left to embed; one without this gauge never has."""
    deadline = time.monotonic() + _EMBEDDING_SECONDS
    while True:
        metrics = await fetch(connection, server.request("GET", "/metrics"), 200)
        if not any(float(count) for count in _BACKLOG.findall(metrics)):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"the server is still making vectors after {_EMBEDDING_SECONDS} s")
        await asyncio.sleep(_POLL_SECONDS)
