"""An endpoint with OpenAI's API on a real socket, whose responses a test chooses."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from mnemo_server.domain.budget import Reservation
from mnemo_server.embedding.ports import OverBudget
from pytest_aiohttp.plugin import AiohttpServer

DIMENSIONS = 4


def vector_of(text: str) -> list[float]:
    return [float(len(text)), 2.0, -3.0, 4.0]


def response_to(
    texts: list[str], make_vector: Callable[[str], Any] = vector_of, usage: object = None
) -> dict[str, Any]:
    """Return the body of a response, last text first, since the order isn't guaranteed."""
    data = [{"index": index, "embedding": make_vector(text)} for index, text in enumerate(texts)]
    return {"object": "list", "data": data[::-1], "model": "m", "usage": {} if usage is None else usage}


class FakeEndpoint:
    """Sends the responses in `script`, and correct ones once it is empty."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.organizations: list[str | None] = []
        self.script: deque[Callable[[list[str]], web.Response] | None] = deque()
        self.hanging = asyncio.Event()
        self.is_hanging = False
        self.release = asyncio.Event()
        self.base_url = ""

    def respond_next(self, status: int = 200, body: object = None, **headers: str) -> None:
        """Answer the next request with this response."""
        text = body if isinstance(body, str) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.script.append(lambda _: web.Response(status=status, text=text, headers=named))

    def respond_with_vectors(self, make_vector: Callable[[str], Any]) -> None:
        """Answer the next request with these vectors."""
        self.script.append(lambda texts: web.json_response(response_to(texts, make_vector)))

    def respond_with_usage(self, usage: object) -> None:
        """Answer the next request correctly, with this usage."""
        self.script.append(lambda texts: web.json_response(response_to(texts, usage=usage)))

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append(body)
        self.keys.append(request.headers.get("Authorization"))
        self.organizations.append(request.headers.get("OpenAI-Organization"))
        if self.is_hanging:
            self.hanging.set()
            await self.release.wait()
        respond = self.script.popleft() if self.script else None
        return respond(body["input"]) if respond else web.json_response(response_to(body["input"]))


class ScriptedMeter:
    """Allows a number of tokens and records calls; what is neither settled nor released stays open."""

    def __init__(self, payer: int = 7, allowed: int = 1_000_000) -> None:
        self.payer = payer
        self.allowed = allowed
        self.reserved: list[int] = []
        self.settled: list[int | None] = []
        self.released = 0

    @property
    def open(self) -> int:
        return len(self.reserved) - len(self.settled) - self.released

    async def reserve(self, tokens: int) -> Reservation:
        if tokens > self.allowed:
            raise OverBudget("spent")
        self.allowed -= tokens
        self.reserved.append(tokens)
        return Reservation(self.payer, "embedding", 1, tokens)

    async def settle(self, _reservation: Reservation, tokens: int | None) -> None:
        self.settled.append(tokens)

    async def release(self, _reservation: Reservation) -> None:
        self.released += 1


@pytest.fixture
def meter() -> ScriptedMeter:
    return ScriptedMeter()


@pytest.fixture
async def fake(aiohttp_server: AiohttpServer) -> AsyncIterator[FakeEndpoint]:
    fake = FakeEndpoint()
    app = web.Application()
    app.router.add_post("/v1/embeddings", fake.handle)
    server = await aiohttp_server(app)
    fake.base_url = str(server.make_url("/v1"))
    yield fake
    fake.release.set()
