"""Through two servers on one database, a search shows what is there and nothing else, whatever they remember.

Their memory for indexes is so small that searches of other tenants drive out what they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.engines import ENGINES, empty_database
from tests.support.filler import Filler
from tests.support.rest import RestApi, provision
from tests.support.search_history import OPERATIONS, SERVERS, TENANTS, SearchHistory
from tests.support.servers import RunningServer, start_server

pytestmark = pytest.mark.timeout(180)

MEMORY_MB = 16
#: Two tenants of this size don't fit into the memory together.
BALLAST_ROWS = 650
#: Every two neighbouring characters are a term.
BALLAST = "".join(map(chr, range(0x4E00, 0x4E00 + 2_700)))


@dataclass
class World:
    """Two servers, and clients of each as the two tenants of the ballast."""

    dsn: str
    servers: list[RunningServer]
    ballast: list[list[RestApi]]

    def crowd_out(self, server: int) -> None:
        """Let the ballast take the place of all others in a server's memory."""
        for api in self.ballast[server]:
            assert api.page(q="nothing of it")["total"] == 0

    def read_metric(self, name: str) -> list[float]:
        """Return a metric of each server."""
        pages = [httpx2.get(f"{one.url}/metrics", trust_env=False).text for one in self.servers]
        return [float(number) for page in pages for number in re.findall(rf"(?m)^{name} (\S+)$", page)]


@pytest.fixture(scope="module", params=ENGINES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all examples, which make tenants of their own."""
    folder = tmp_path_factory.mktemp("world")
    settings = {"index_memory_mb": str(MEMORY_MB), "provision_per_hour": "0"}
    with ExitStack() as stack:
        dsn = stack.enter_context(empty_database(request.param, request, folder))
        servers = [start_server(folder / name, dsn, **settings) for name in "ab"]
        for server in servers:
            stack.callback(server.kill)
        keys = [provision(servers[0].url) for _ in TENANTS]
        for key in keys:
            Filler([BALLAST]).write(dsn, key, BALLAST_ROWS)
        yield World(
            dsn, servers, [[stack.enter_context(RestApi(one.url, key)) for key in keys] for one in servers]
        )
        assert [server.stop() for server in servers] == [0, 0]
        assert [server.log_path.read_text().count("Traceback") for server in servers] == [0, 0]


@settings(
    deadline=None,
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],  # a shorter history of the same fault would take minutes to find
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(OPERATIONS, min_size=25, max_size=40))
def test_a_deleted_or_foreign_memory_is_never_shown_and_every_other_is(world: World, operations: list):
    with SearchHistory([server.url for server in world.servers], world.crowd_out) as history:
        for operation in operations:
            history.apply(*operation)
        history.check_everything()


def test_searches_of_the_ballast_do_drive_out_what_is_held(world: World):
    for server in SERVERS:
        world.crowd_out(server)
    assert all(count > 0 for count in world.read_metric("mnemo_index_evictions_total"))


def test_a_tenant_larger_than_the_memory_shows_none_either(world: World):
    """Its searches read the database, so nothing is remembered at all."""
    key = provision(world.servers[0].url)
    Filler([BALLAST]).write(world.dsn, key, 2 * BALLAST_ROWS)
    one, other = (RestApi(server.url, key) for server in world.servers)
    with one, other:
        kept, changed, deleted = one.store_many(["quartz", "quartz basalt", "quartz marble"])
        assert {hit["id"] for hit in other.page(q="quartz")["memories"]} == {
            memory["id"] for memory in (kept, changed, deleted)
        }
        one.put(changed["id"], {"content": "granite"})
        one.delete(deleted["id"])
        for api in (other, one):
            assert api.contents(q="quartz basalt marble") == ["quartz"]
    assert all(count > 0 for count in world.read_metric("mnemo_index_scans_total"))
