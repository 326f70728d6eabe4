"""A tenant's REST API as any HTTP client sees it: status, headers, JSON; nothing is interpreted."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self
from urllib.parse import urlencode

import httpx2

#: Seconds that a response may take; longer than any timeout of the server.
RESPONSE_SECONDS = 30
#: Requests in flight at once when many memories are stored.
PARALLEL_STORES = 8
#: Seconds until all memories must have vectors, and between two checks.
EMBEDDING_SECONDS = 60
POLL_SECONDS = 0.05

_marks = itertools.count()


def make_mark(word: str = "mark") -> str:
    """Return a token that appears nowhere else."""
    return f"{word}{os.getpid():x}x{next(_marks)}q"


class RestApi:
    """One server as one tenant, through v1alpha1 (key in the path) or v1alpha2 (key in a header)."""

    def __init__(self, url: str, api_key: str, version: str = "v1alpha2", **headers: str) -> None:
        self.url = url
        self.api_key = api_key
        in_path = version == "v1alpha1"
        self.base = f"/{version}/mem9s/{api_key}" if in_path else f"/{version}/mem9s"
        key_header = {} if in_path else {"X-API-Key": api_key}
        self.http = httpx2.Client(
            base_url=url, headers=key_header | headers, timeout=RESPONSE_SECONDS, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def send(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, **options: Any
    ) -> httpx2.Response:
        """Send a request to a path below the tenant's base.

        The query string bypasses httpx2's URL, which accepts at most 65,536 characters.
        """
        if params:
            target = f"{self.base}{path}?{urlencode(params, doseq=True)}"
            options["extensions"] = {"target": target.encode()}
        return self.http.request(method, self.base + path, **options)

    def post(self, body: Mapping[str, Any], **headers: str) -> httpx2.Response:
        """Store memories or messages with this body."""
        return self.send("POST", "/memories", json=dict(body), headers=headers)

    def put(self, memory_id: str, body: Mapping[str, Any], **headers: str) -> httpx2.Response:
        """Update a memory."""
        return self.send("PUT", f"/memories/{memory_id}", json=dict(body), headers=headers)

    def get(self, memory_id: str, **headers: str) -> httpx2.Response:
        """Read a memory."""
        return self.send("GET", f"/memories/{memory_id}", headers=headers)

    def delete(self, memory_id: str) -> httpx2.Response:
        """Delete a memory."""
        return self.send("DELETE", f"/memories/{memory_id}")

    def store(self, content: str, **fields: Any) -> dict[str, Any]:
        """Store a memory, which must be accepted, and return it."""
        response = self.post({"content": content, **fields})
        assert response.is_success, response.text
        memory: dict[str, Any] = response.json()["memory"]
        return memory

    def store_many(self, contents: Iterable[str], **fields: Any) -> list[dict[str, Any]]:
        """Store many memories, several at once; return them in the order of `contents`."""
        with ThreadPoolExecutor(PARALLEL_STORES) as pool:
            return list(pool.map(lambda content: self.store(content, **fields), contents))

    def page(self, **query: Any) -> dict[str, Any]:
        """List or search, and return the page."""
        response = self.send("GET", "/memories", params=query)
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.json()
        return page

    def pages(self, page_size: int, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield page after page until one is empty."""
        for offset in itertools.count(0, page_size):
            page = self.page(limit=page_size, offset=offset, **query)
            if not page["memories"]:
                return
            yield page

    def contents(self, **query: Any) -> list[str]:
        """List or search, and return the texts only."""
        return [memory["content"] for memory in self.page(**query)["memories"]]

    def embedding(self) -> dict[str, Any]:
        """Return how many of the tenant's memories have vectors."""
        response = self.send("GET", "/embedding")
        assert response.status_code == 200, response.text
        status: dict[str, Any] = response.json()
        return status

    def wait_for_model(self, *, pending: int = 0) -> dict[str, Any]:
        """Wait until the model is ready and all memories but `pending` have vectors; return the status."""
        deadline = time.monotonic() + EMBEDDING_SECONDS
        while (status := self.embedding())["state"] != "ready" or status["pending"] > pending:
            assert time.monotonic() < deadline, status
            time.sleep(POLL_SECONDS)
        return status

    def messages(self, *session_ids: str, **query: Any) -> list[dict[str, Any]]:
        """Return the messages of these sessions."""
        response = self.send("GET", "/session-messages", params={"session_id": list(session_ids), **query})
        assert response.status_code == 200, response.text
        messages: list[dict[str, Any]] = response.json()["messages"]
        return messages


def make_messages(*contents: str, role: str = "user") -> list[dict[str, Any]]:
    """Return messages of one speaker."""
    return [{"role": role, "content": content} for content in contents]


def ids_of(memories: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the ids of memories, in their order."""
    return [memory["id"] for memory in memories]


def provision(url: str, **headers: str) -> str:
    """Create a tenant and return its key."""
    response = httpx2.post(
        f"{url}/v1alpha1/mem9s", headers=headers, timeout=RESPONSE_SECONDS, trust_env=False
    )
    assert response.status_code == 201, response.text
    key: str = response.json()["id"]
    return key
