"""Two servers on one database, written through both by many at once, agree at the next search to the digit.

What one writes and the other finds, one after the other, is in tests/contract/test_two_servers.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.support.engines import ENGINES, empty_database
from tests.support.rest import RestApi, provision, said
from tests.support.servers import start_server

pytestmark = pytest.mark.timeout(120)

WRITERS = 6
#: Things that each writer does in a round.
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


@dataclass
class Pair:
    """Clients of both servers as one tenant."""

    one: RestApi
    other: RestApi
    has_model: bool


@pytest.fixture(scope="module", params=ENGINES)
def dsn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One database for all rounds."""
    with empty_database(request.param, request, tmp_path_factory.mktemp("shared")) as dsn:
        yield dsn


@pytest.fixture(scope="module", params=["none", "local"])
def pair(
    request: pytest.FixtureRequest, dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """A new tenant on two servers, with a model or without."""
    folder = tmp_path_factory.mktemp("pair")
    with ExitStack() as stack:
        servers = [start_server(folder / name, dsn, embedder=request.param) for name in ("one", "other")]
        for server in servers:
            stack.callback(server.kill)
        key = provision(servers[0].url)
        one, other = (stack.enter_context(RestApi(server.url, key)) for server in servers)
        yield Pair(one, other, has_model=request.param != "none")
        assert [server.stop() for server in servers] == [0, 0]
        assert [server.log_path.read_text().count("Traceback") for server in servers] == [0, 0]


def write(writer: RestApi, reader: RestApi, name: str) -> dict[str, str]:
    """Store, capture, change and delete; what is acknowledged counts at the other server's next search.

    Returns the texts that must be there in the end, by id.
    """
    draw = random.Random(name)
    mine: dict[str, str] = {}
    for step in range(STEPS):
        mark = f"{name}s{step}q"
        text = f"{' '.join(draw.choices(WORDS, k=draw.randrange(2, 9)))} {mark}"
        act = draw.choice(["store", "store", "capture", "update", "delete"])
        if act == "capture":
            writer.post({"session_id": name, "messages": said(f"What about {mark}?", text)})
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
    """Return all that a query finds, with versions and scores."""
    hits = [hit for page in api.pages(200, q=query) for hit in page["memories"]]
    return [(hit["id"], hit["version"], hit["score"], hit["confidence"]) for hit in hits]


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_both_rank_the_same_at_the_next_search_after_many_wrote_through_both(pair: Pair, round_number: int):
    ways = [(pair.one, pair.other), (pair.other, pair.one)] * (WRITERS // 2)
    with ThreadPoolExecutor(WRITERS) as pool:
        done = [pool.submit(write, *way, f"r{round_number}w{number}") for number, way in enumerate(ways)]
    held = {memory_id: text for one in done for memory_id, text in one.result().items()}
    if pair.has_model:
        pair.one.wait_for_model()
    for query in QUERIES:
        ranking = rank(pair.one, query)
        assert rank(pair.other, query) == ranking
        holders = {memory_id for memory_id, text in held.items() if query in text.split()}
        assert holders <= {hit[0] for hit in ranking}
