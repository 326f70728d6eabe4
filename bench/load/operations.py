"""What is measured: each operation as an endless (or limited) stream of ready-made requests."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from mnemos_contract.memories import Memory
from mnemos_contract.messages import Message
from mnemos_contract.routes import IDEMPOTENCY_HEADER
from mnemos_contract.writing import StoreRequest, StoreResponse, UpdateRequest

from bench.common.api import MEMORIES
from bench.common.client import Address, HttpConnection, fetch
from bench.load.texts import Texts

TAGS = ["ops", "runbook"]
WINDOW = 4
PAGE_SIZE = 50
HITS = 10
#: Conversations that receive messages in turn, more than there are clients.
CONVERSATIONS = 64
#: Memories stored before a round that deletes them one by one.
SPARES = 600
#: Distinct texts and questions; requests go through them in turn.
_VARIETY = 997


@dataclass
class Corpus:
    """Two tenants on one server: one that is only read, so that it keeps its size, and one that grows."""

    read: Address
    written: Address
    read_ids: list[str] = field(default_factory=list)
    written_ids: list[str] = field(default_factory=list)
    spare_ids: list[str] = field(default_factory=list)
    serial: Iterator[int] = field(default_factory=itertools.count)


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table."""

    name: str
    #: What one request does, for the reader.
    about: str
    #: Status of every response.
    status: int
    #: Returns the requests of one round.
    requests: Callable[[Corpus], Iterator[bytes]]
    #: How many memories each round uses up.
    spares: int = 0


async def store_many(
    connections: Sequence[HttpConnection], address: Address, count: int, *, seed: int
) -> list[str]:
    """Store memories over the wire, outside of any measurement, and return their ids."""
    requests = itertools.islice(_stores(address, itertools.count(), Texts(seed)), count)

    async def work(connection: HttpConnection) -> list[str]:
        return [_stored_id(await fetch(connection, request, 202)) for request in requests]

    return [one for ids in await asyncio.gather(*map(work, connections)) for one in ids]


def _stored_id(body: bytes) -> str:
    stored = StoreResponse.model_validate_json(body).id
    if stored is None:
        raise ValueError("the server stored a memory and gave no id")
    return stored


def _stores(
    address: Address, serial: Iterator[int], texts: Texts, *, with_key: bool = False
) -> Iterator[bytes]:
    contents = [texts.memory() for _ in range(_VARIETY)]
    for number in serial:
        content = f"{contents[number % _VARIETY]} Case {number}."
        body = StoreRequest(content=content, tags=TAGS).to_request()
        header = f"{IDEMPOTENCY_HEADER}: bench-{number}\r\n" if with_key else ""
        yield address.request("POST", MEMORIES, body, header)


def _get(corpus: Corpus) -> Iterator[bytes]:
    return itertools.cycle([corpus.read.request("GET", f"{MEMORIES}/{one}") for one in corpus.read_ids])


def _list(corpus: Corpus) -> Iterator[bytes]:
    return itertools.repeat(corpus.read.request("GET", f"{MEMORIES}?limit={PAGE_SIZE}"))


def _search(corpus: Corpus) -> Iterator[bytes]:
    texts = Texts(seed=3)
    paths = (f"{MEMORIES}?limit={HITS}&q={quote(texts.question())}" for _ in range(_VARIETY))
    return itertools.cycle([corpus.read.request("GET", path) for path in paths])


def _update(corpus: Corpus) -> Iterator[bytes]:
    texts = Texts(seed=4)
    for number, memory_id in enumerate(itertools.cycle(corpus.written_ids)):
        body = UpdateRequest(content=f"{texts.memory()} Revised {number}.").to_request()
        yield corpus.written.request("PUT", f"{MEMORIES}/{memory_id}", body)


def _delete(corpus: Corpus) -> Iterator[bytes]:
    while corpus.spare_ids:
        yield corpus.written.request("DELETE", f"{MEMORIES}/{corpus.spare_ids.pop()}")


def _messages(corpus: Corpus) -> Iterator[bytes]:
    texts = Texts(seed=5)
    for number in corpus.serial:
        first = number // CONVERSATIONS * WINDOW
        messages = [
            Message(role=("user", "assistant")[place % 2], content=texts.memory(), seq=first + place)
            for place in range(WINDOW)
        ]
        session_id = f"bench-{number % CONVERSATIONS}"
        body = StoreRequest(messages=messages, session_id=session_id).to_request()
        yield corpus.written.request("POST", MEMORIES, body)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "health",
        "`GET /healthz`: the floor, no database",
        200,
        lambda corpus: itertools.repeat(corpus.read.request("GET", "/healthz")),
    ),
    Operation("get", "one memory by id", 200, _get),
    Operation("list", f"the {PAGE_SIZE} newest memories and the total", 200, _list),
    Operation("search", f"the {HITS} best memories for a question of about seven words", 200, _search),
    Operation(
        "store",
        "a new memory of about 200 characters with two tags",
        202,
        lambda corpus: _stores(corpus.written, corpus.serial, Texts(seed=6)),
    ),
    Operation(
        "store-once",
        "the same with an `Idempotency-Key`, as the mnemos client sends it",
        202,
        lambda corpus: _stores(corpus.written, corpus.serial, Texts(seed=6), with_key=True),
    ),
    Operation("update", "new content for a memory", 200, _update),
    Operation("delete", "one memory", 204, _delete, spares=SPARES),
    Operation("messages", f"a window of {WINDOW} new messages of a session", 202, _messages),
)


async def check_corpus(connection: HttpConnection, corpus: Corpus) -> None:
    """Check the corpus before measuring: the first memory can be read, and a search finds enough memories.

    Raises:
        ValueError: it doesn't, so there is nothing worth measuring.
    """
    body = await fetch(connection, next(_get(corpus)), 200)
    if Memory.model_validate_json(body).id != corpus.read_ids[0]:
        raise ValueError("the server gave another memory than the one that was asked for")
    hits = json.loads(await fetch(connection, next(_search(corpus)), 200))["memories"]
    if len(hits) != min(HITS, len(corpus.read_ids)):
        raise ValueError(f"a search that should find {HITS} memories found {len(hits)}")
