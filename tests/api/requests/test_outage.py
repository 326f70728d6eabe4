"""The database or the server goes away and comes back: clear errors, and no acknowledged write is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from anyio.from_thread import BlockingPortal

from tests.support.databases.engines import LIVE_ONLY, empty_database
from tests.support.databases.gate import Gate, open_gate
from tests.support.databases.livedb import free_port
from tests.support.interfaces.all import INTERFACES, Interfaces, ToolFailure
from tests.support.interfaces.rest import RestApi, make_mark, make_messages, provision
from tests.support.servers import RunningServer, start_server

#: Seconds until the server must have noticed that its database is back.
RECOVERY_SECONDS = 15
CLIENT_WAYS = tuple(name for name in INTERFACES if not name.startswith("rest"))


@pytest.fixture(scope="module", params=LIVE_ONLY)
def gate_and_dsn(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gate, str]]:
    """A gate in front of the live database, and the DSN through it."""
    with empty_database(request.param, request, tmp_path_factory.mktemp("none")) as dsn:
        host, port = urlsplit(dsn).hostname or "", urlsplit(dsn).port or 4000
        with open_gate(host, port) as gate:
            yield gate, dsn.replace(f"@{host}:{port}/", f"@127.0.0.1:{gate.port}/")


@pytest.fixture(scope="module")
def gate(gate_and_dsn: tuple[Gate, str]) -> Gate:
    """The gate in front of the database."""
    return gate_and_dsn[0]


@pytest.fixture(scope="module")
def behind_gate(
    gate_and_dsn: tuple[Gate, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server that reaches its database through the gate."""
    server = start_server(tmp_path_factory.mktemp("gated"), gate_and_dsn[1], provision_per_hour="0")
    yield server
    server.stop()
    assert "Traceback" not in server.log_path.read_text()


@pytest.fixture
def tenant(gate: Gate, behind_gate: RunningServer) -> Iterator[RestApi]:
    """A tenant of that server; the gate is open before and after."""
    with RestApi(behind_gate.url, provision(behind_gate.url)) as api:
        yield api
        gate.cut()
        gate.restore()
        wait_until(lambda: api.send("GET", "/memories").status_code == 200)


def wait_until(is_so: Callable[[], bool], seconds: float = RECOVERY_SECONDS) -> None:
    """Check until it is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def check_unavailable(answer: httpx2.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "database" in answer.json()["error"]


def ask_everything(api: RestApi, memory_id: str) -> list[httpx2.Response]:
    """Send every kind of request that needs the database."""
    return [
        api.post({"content": "x"}),
        api.post({"session_id": "s", "messages": make_messages("x")}),
        api.get(memory_id),
        api.put(memory_id, {"content": "y"}),
        api.delete(memory_id),
        api.send("GET", "/memories"),
        api.send("GET", "/memories", params={"q": "word"}),
        api.send("GET", "/session-messages", params={"session_id": "s"}),
        api.send("POST", "/memories/batch-delete", json={"ids": [memory_id]}),
        httpx2.post(f"{api.url}/v1alpha1/mem9s", trust_env=False, timeout=30),
        httpx2.get(f"{api.url}/readyz", trust_env=False, timeout=30),
    ]


def test_without_its_database_the_server_returns_503_and_recovers_by_itself(gate: Gate, tenant: RestApi):
    stored = tenant.store(f"before {make_mark()}")
    gate.cut()
    for answer in ask_everything(tenant, stored["id"]):
        check_unavailable(answer)
    assert httpx2.get(f"{tenant.url}/healthz", trust_env=False).status_code == 200
    gate.restore()
    wait_until(lambda: tenant.post({"content": "after"}).status_code == 202)
    assert tenant.get(stored["id"]).json() == stored
    assert set(tenant.contents()) == {"after", stored["content"]}


def test_a_key_that_was_not_used_before_the_outage_is_unavailable_and_not_invalid(
    gate: Gate, tenant: RestApi
):
    key = provision(tenant.url)
    gate.cut()
    for version in ("v1alpha1", "v1alpha2"):
        with RestApi(tenant.url, key, version) as other:
            check_unavailable(other.send("GET", "/memories"))
    status = httpx2.get(f"{tenant.url}/v1alpha2/status", headers={"X-API-Key": key}, trust_env=False)
    check_unavailable(status)


def test_connections_that_broke_while_idle_fail_no_request(gate: Gate, tenant: RestApi):
    stored = tenant.store("x")
    gate.cut()
    gate.restore()
    assert tenant.get(stored["id"]).status_code == 200
    gate.cut()
    gate.restore()
    assert tenant.post({"content": "y"}).status_code == 202


def test_requests_to_a_database_that_swallows_packets_fail_in_bounded_time(gate: Gate, tenant: RestApi):
    stored = tenant.store("x")
    gate.hold()
    started = time.monotonic()
    check_unavailable(tenant.get(stored["id"]))
    assert time.monotonic() - started < 15
    assert httpx2.get(f"{tenant.url}/healthz", trust_env=False).status_code == 200
    gate.release()
    wait_until(lambda: tenant.get(stored["id"]).status_code == 200)


def test_every_write_acknowledged_around_an_outage_is_there(gate: Gate, tenant: RestApi):
    acknowledged, refused = [], 0
    for number in range(60):
        if number % 20 == 10:
            gate.cut()
        if number % 20 == 15:
            gate.restore()
        answer = tenant.post({"content": f"number {number}"})
        if answer.status_code == 202:
            acknowledged.append(f"number {number}")
        else:
            check_unavailable(answer)
            refused += 1
    assert refused >= 5
    kept = tenant.contents(limit=200)
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept)


def test_without_its_database_the_servers_own_mcp_reports_it_to_the_model_and_goes_on(
    gate: Gate, tenant: RestApi, portal: BlockingPortal
):
    with ExitStack() as stack:
        way = Interfaces(tenant.url, tenant.api_key, portal, stack)["mcp-http"]
        stored = way.store("before")["id"]
        gate.cut()
        for ask in (lambda: way.get(stored), lambda: way.store("lost"), lambda: way.search("before")):
            with pytest.raises(ToolFailure, match="the database is unavailable") as failure:
                ask()
            assert failure.value.code == "database_unavailable"
        gate.restore()
        wait_until(lambda: tenant.send("GET", "/memories").status_code == 200)
        assert way.get(stored)["content"] == "before"


def test_without_a_server_every_client_reports_it_and_goes_on_when_it_is_back(
    tmp_path: Path, portal: BlockingPortal
):
    dsn, port = f"sqlite:///{tmp_path / 'memories.db'}", str(free_port())
    server = start_server(tmp_path, dsn, port=port)
    with ExitStack() as stack:
        ways = Interfaces(server.url, server.api_key, portal, stack)
        stored = {name: ways[name].store(f"through {name}")["id"] for name in CLIENT_WAYS}
        server.stop()
        for name in CLIENT_WAYS:
            with pytest.raises(ToolFailure, match=r"127\.0\.0\.1") as failure:
                ways[name].get(stored[name])
            assert failure.value.code == "server_unreachable"
            assert server.api_key not in failure.value.sentence
        with pytest.raises(ToolFailure, match=r"127\.0\.0\.1"):
            ways["mcp-http"].search("while connecting anew")
        server = start_server(tmp_path, dsn, port=port, api_key=server.api_key)
        stack.callback(server.stop)
        for name in CLIENT_WAYS:
            assert ways[name].get(stored[name])["content"] == f"through {name}"
