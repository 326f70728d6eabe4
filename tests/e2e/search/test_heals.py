"""The model dies in the middle of many stores: nothing is lost, all is found, and vectors follow later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.e2e.conftest import Start
from tests.support.databases import peek
from tests.support.interfaces.rest import RestApi
from tests.support.models.embedding_endpoint import EmbeddingEndpoint, Mood, open_endpoint
from tests.support.servers import RunningServer

pytestmark = pytest.mark.timeout(180)

STORES = 500
CLIENTS = 8
#: After this many stores a client searches for what it has just stored.
SEARCH_EVERY = 25
#: Stores while the model is dead before it comes back in another mood, and until it stays dead.
DEAD_FOR = 40
DEAD_AFTER = 420
#: A word of all memories that no query contains.
WORD = "deployment"
#: Text of the last stores, which keeps the local model busy when all others are done.
LENGTHY = (
    "Before it goes out, the team reads the change log, runs the migrations on staging, compares the figures "
    "of the last week, tells support in the morning, and keeps the previous image for a rollback; afterwards "
    "somebody watches errors, latency, queues and memory for an hour, and writes down what was surprising."
)
LENGTHY_COUNT = 100
WITHOUT_VECTOR = "SELECT COUNT(*) AS n FROM search_entries WHERE is_active = 1 AND vector_code IS NULL;"


@pytest.fixture
def endpoint() -> Iterator[EmbeddingEndpoint]:
    """A model on this machine that can die, hang and return nonsense."""
    with open_endpoint() as endpoint:
        yield endpoint


class Misfortune:
    """Makes the model fail in one way after the other as stores are acknowledged, until it stays dead."""

    def __init__(self, endpoint: EmbeddingEndpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._acknowledged = 0
        self._turns: dict[int, Mood] = {60: "failing", 180: "hanging", 300: "senseless"}

    def note(self) -> None:
        """Count one more acknowledged store."""
        with self._lock:
            self._acknowledged += 1
            if self._acknowledged in (*self._turns, DEAD_AFTER):
                self._endpoint.die()
            if mood := self._turns.get(self._acknowledged - DEAD_FOR):
                self._endpoint.come_back(mood)
                self._endpoint.wait_for(mood, WORD)


def store_all(server: RunningServer, note: Callable[[], None] | None = None) -> dict[str, str]:
    """Store from several clients at once, and with `note` also read and search; return the ids by mark."""
    clients = [RestApi(server.url, server.api_key) for _ in range(CLIENTS)]

    def store(number: int) -> tuple[str, str]:
        api, mark = clients[number % CLIENTS], f"mark{number}q"
        more = LENGTHY if number >= STORES - LENGTHY_COUNT else ""
        answer = api.post({"content": f"The {mark} of the {WORD} is kept. {more}"})
        assert answer.status_code == 202, answer.text
        memory = answer.json()["memory"]
        if note is not None:
            note()
            assert api.get(memory["id"]).json() == memory
            if number % SEARCH_EVERY == 0:
                assert api.contents(q=mark)[0] == memory["content"]
        return mark, memory["id"]

    with ExitStack() as stack, ThreadPoolExecutor(CLIENTS) as pool:
        for client in clients:
            stack.enter_context(client)
        return dict(pool.map(store, range(STORES)))


def check_all_are_found(api: RestApi, stored: dict[str, str]) -> None:
    """Check that each memory is the first that its mark finds."""
    for mark, memory_id in stored.items():
        assert api.page(q=mark, limit=1)["memories"][0]["id"] == memory_id


def test_an_endpoint_that_fails_in_every_way_loses_nothing_and_is_used_again(
    dsn: str, start: Start, endpoint: EmbeddingEndpoint
):
    server = start(dsn, **endpoint.settings)
    with RestApi(server.url, server.api_key) as api:
        api.wait_for_model()
        stored = store_all(server, Misfortune(endpoint).note)
        check_all_are_found(api, stored)
        assert {memory["id"] for page in api.pages(200) for memory in page["memories"]} == {*stored.values()}
        meanwhile = api.embedding()
        assert (meanwhile["total"], meanwhile["refused"]) == (STORES, 0)
        assert meanwhile["pending"] > 0
        endpoint.come_back()
        healed = api.wait_for_model()
        assert (healed["embedded"], healed["pending"], healed["refused"]) == (STORES, 0, 0)
        check_all_are_found(api, dict(list(stored.items())[::10]))
    assert server.process.poll() is None
    assert "Traceback" not in server.log_path.read_text()
    assert peek.find_broken_pairs(dsn) == {}


def test_a_server_killed_before_its_model_has_embedded_all_continues_after_a_restart(dsn: str, start: Start):
    server = start(dsn, embedder="local")
    with RestApi(server.url, server.api_key) as api:
        stored = store_all(server)
        status = api.wait_for_model(pending=STORES - 1)
        server.kill()
    unread = peek.fetch_rows(dsn, WITHOUT_VECTOR)[0]["n"]
    assert 0 < unread <= status["pending"]
    server = start(dsn, api_key=server.api_key, embedder="local")
    with RestApi(server.url, server.api_key) as api:
        assert {memory["id"] for page in api.pages(200) for memory in page["memories"]} == {*stored.values()}
        check_all_are_found(api, dict(list(stored.items())[::10]))
        healed = api.wait_for_model()
        assert (healed["embedded"], healed["pending"], healed["refused"]) == (STORES, 0, 0)
    assert peek.find_broken_pairs(dsn) == {}
