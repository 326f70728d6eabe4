"""Two servers on one database, with many writers on both, return exactly the same at the next search.

Sequential writes through one server and searches through the other are in tests/api/test_two_servers.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.interfaces.rest import RestApi, make_messages, provision
from tests.support.servers import RunningServer, start_server

pytestmark = pytest.mark.timeout(120)

WRITERS = 6
#: What each writer does in a round.
STEPS = 12
ROUNDS = 2
WORDS = [
    "deploy",
    "staging",
    "rollback",
    "E4711",
    "src/cache.py",
    "缓存",
    "invoice",
    "customer",
    "latency",
    "key",
]
QUERIES = [
    "deploy",
    "staging rollback of E4711",
    "why is the latency of src/cache.py high?",
    "缓存",
    "customers pay",
]


@pytest.fixture(scope="module")
def other_server(
    shared_dsn: str, embedder: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Another server on the same database, with the same model."""
    server = start_server(tmp_path_factory.mktemp("other"), shared_dsn, embedder=embedder)
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log_path.read_text()


@pytest.fixture
def pair(shared_server: RunningServer, other_server: RunningServer) -> Iterator[tuple[RestApi, RestApi]]:
    """Clients of both servers as one new tenant."""
    key = provision(shared_server.url)
    with RestApi(shared_server.url, key) as one, RestApi(other_server.url, key) as other:
        yield one, other


def write(writer: RestApi, reader: RestApi, name: str) -> dict[str, str]:
    """Store, capture, change and delete; each acknowledged write is visible to the other's next search.

    Returns the texts that must be there at the end, by id.
    """
    draw = random.Random(name)
    mine: dict[str, str] = {}
    for step in range(STEPS):
        mark = f"{name}s{step}q"
        text = f"{' '.join(draw.choices(WORDS, k=draw.randrange(2, 9)))} {mark}"
        act = draw.choice(["store", "store", "capture", "update", "delete"])
        if act == "capture":
            writer.post({"session_id": name, "messages": make_messages(f"What about {mark}?", text)})
            assert text in reader.contents(q=mark)[:2]
            mine |= {one["id"]: one["content"] for one in writer.messages(name)}
            continue
        held = draw.choice(sorted(mine)) if mine else None
        if held and act == "update" and writer.put(held, {"content": text}).is_success:
            mine[held] = text
        elif held and act == "delete":
            assert writer.delete(held).status_code == 204
            assert held not in {hit["id"] for hit in reader.page(q=mine.pop(held))["memories"]}
            continue
        else:
            mine[writer.store(text)["id"]] = text
        assert reader.contents(q=mark)[0] == text
    return mine


def rank(api: RestApi, query: str) -> list[tuple[str, int, float, int]]:
    """Return everything that a query finds, with versions and scores."""
    hits = [hit for page in api.pages(200, q=query) for hit in page["memories"]]
    return [(hit["id"], hit["version"], hit["score"], hit["confidence"]) for hit in hits]


def test_both_rank_the_same_at_the_next_search_after_many_writes_through_both(
    pair: tuple[RestApi, RestApi], embedder: str
):
    one, other = pair
    held: dict[str, str] = {}
    for round_number in range(ROUNDS):
        with ThreadPoolExecutor(WRITERS) as pool:
            ways = [(one, other), (other, one)] * (WRITERS // 2)
            done = [pool.submit(write, *way, f"r{round_number}w{n}") for n, way in enumerate(ways)]
        for some in done:
            held |= some.result()
        if embedder != "none":
            one.wait_for_model()
        for query in QUERIES:
            ranking = rank(one, query)
            assert rank(other, query) == ranking
            holders = {memory_id for memory_id, text in held.items() if query in text.split()}
            assert holders <= {hit[0] for hit in ranking}
