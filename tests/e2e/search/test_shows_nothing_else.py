"""Through two servers on one database, a search shows what is there and nothing else, whatever they cache.

Their memory for indexes is so small that searches of other tenants evict the ones they have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.databases.engines import ENGINES, SQLITE, empty_database
from tests.support.databases.filler import Filler
from tests.support.interfaces.rest import RestApi, provision
from tests.support.search_history import OPERATIONS, SERVERS, TENANTS, SearchHistory
from tests.support.servers import RunningServer, start_server

pytestmark = pytest.mark.timeout(180)

MEMORY_MB = 16
#: Two tenants of this size don't fit into the index memory together.
BALLAST_ROWS = 650
#: Each pair of neighbouring characters is a term.
BALLAST = "".join(map(chr, range(0x4E00, 0x4E00 + 2_700)))


#: Engine and embedder; the model behaves the same on every engine.
WORLDS = [
    *(pytest.param((*engine.values, "none"), id=f"{engine.id}-none") for engine in ENGINES),
    pytest.param((SQLITE, "local"), id="sqlite-local"),
]


@dataclass
class World:
    """Two servers, and clients of each as the two tenants of the ballast."""

    dsn: str
    has_model: bool
    servers: list[RunningServer]
    filler: Filler
    ballast: list[list[RestApi]] = field(default_factory=list)

    def crowd_out(self, server: int) -> None:
        """Search the ballast, which evicts all other indexes from a server's memory."""
        for api in self.ballast[server]:
            api.page(q="nothing of it", limit=1)

    def read_metric(self, name: str) -> list[float]:
        """Return a metric of each server."""
        pages = [httpx2.get(f"{one.url}/metrics", trust_env=False).text for one in self.servers]
        return [float(number) for page in pages for number in re.findall(rf"(?m)^{name} (\S+)$", page)]


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all examples, which create their own tenants."""
    folder, (engine, embedder) = tmp_path_factory.mktemp("world"), request.param
    settings = {"index_memory_mb": str(MEMORY_MB), "provision_per_hour": "0", "embedder": embedder}
    filler = Filler([BALLAST]) if embedder == "none" else Filler.read_locally([BALLAST])
    with ExitStack() as stack:
        dsn = stack.enter_context(empty_database(engine, request, folder))
        servers = [start_server(folder / name, dsn, **settings) for name in "ab"]
        for server in servers:
            stack.callback(server.kill)
        world = World(dsn, embedder != "none", servers, filler)
        keys = [provision(servers[0].url) for _ in TENANTS]
        for key in keys:
            filler.write(dsn, key, BALLAST_ROWS)
        world.ballast = [[stack.enter_context(RestApi(one.url, key)) for key in keys] for one in servers]
        if world.has_model:
            for some in world.ballast:
                some[0].wait_for_model()
        yield world
        assert [server.stop() for server in servers] == [0, 0]
        assert [server.log_path.read_text().count("Traceback") for server in servers] == [0, 0]


@settings(
    deadline=None,
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],  # shrinking a failing history would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(OPERATIONS, min_size=25, max_size=40))
def test_a_deleted_or_foreign_memory_is_never_shown_and_every_other_one_is(
    world: World, operations: list[tuple]
):
    urls = [server.url for server in world.servers]
    with SearchHistory(urls, world.crowd_out, has_model=world.has_model) as history:
        for operation in operations:
            history.apply(*operation)
        history.check_everything()


def test_searches_of_the_ballast_evict_other_indexes(world: World):
    for server in SERVERS:
        world.crowd_out(server)
    assert all(count > 0 for count in world.read_metric("mnemo_index_evictions_total"))


def test_a_tenant_larger_than_the_index_memory_shows_no_deleted_memory_either(world: World):
    """Its searches read the database, so nothing is cached at all."""
    key = provision(world.servers[0].url)
    world.filler.write(world.dsn, key, 2 * BALLAST_ROWS)
    one, other = (RestApi(server.url, key) for server in world.servers)
    with one, other:
        kept, changed, deleted = one.store_many(["quartz", "quartz basalt", "quartz marble"])
        found = other.contents(q="quartz")
        assert set(found[:3]) == {memory["content"] for memory in (kept, changed, deleted)}
        one.put(changed["id"], {"content": "granite"})
        one.delete(deleted["id"])
        for api in (other, one):
            found = api.contents(q="quartz basalt marble")
            assert found[0] == kept["content"]
            assert {changed["content"], deleted["content"]}.isdisjoint(found)
    assert all(count > 0 for count in world.read_metric("mnemo_index_scans_total"))
