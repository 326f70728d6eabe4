"""A server that is asked to stop finishes what it has begun, and ends with exit code 0."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.conftest import Start
from tests.support.databases.gate import open_gate
from tests.support.interfaces.rest import RestApi, make_messages
from tests.support.servers import RunningServer

SECONDS = 10
#: The default of MNEMO_SHUTDOWN_SECONDS; clients that only go on sending requests must not use it up.
GRACE_SECONDS = 10


@contextmanager
def slow_database(dsn: str) -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    """Yield a DSN, a function that makes writes wait, and a function that lets them continue."""
    address = urlsplit(dsn)
    if address.scheme == "sqlite":
        with closing(sqlite3.connect(address.path, isolation_level=None, check_same_thread=False)) as file:
            yield dsn, lambda: file.execute("BEGIN IMMEDIATE"), lambda: file.execute("ROLLBACK")
        return
    host, port = address.hostname or "", address.port or 4000
    with open_gate(host, port) as gate:
        yield dsn.replace(f"@{host}:{port}/", f"@127.0.0.1:{gate.port}/"), gate.hold, gate.release


class OpenRequest:
    """A request that was sent, with its response still to be read; the end of its body can be held back."""

    def __init__(
        self, server: RunningServer, method: str, path: str, body: dict, *, held_back_bytes: int = 0
    ) -> None:
        address = urlsplit(server.url)
        self._socket = socket.create_connection((address.hostname, address.port), timeout=SECONDS)
        content = json.dumps(body).encode()
        now = len(content) - held_back_bytes
        self._rest = content[now:]
        head = (
            f"{method} /v1alpha2/mem9s{path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {server.api_key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + content[:now])

    def send_rest(self) -> None:
        """Send what was held back."""
        self._socket.sendall(self._rest)

    def read_response(self) -> tuple[int, dict]:
        """Wait for the status and the JSON body."""
        with self._socket, self._socket.makefile("rb") as stream:
            status = int(stream.readline().split()[1])
            headers = dict(
                line.decode().strip().lower().split(": ", 1) for line in iter(stream.readline, b"\r\n")
            )
            return status, json.loads(stream.read(int(headers["content-length"])))

    def close(self) -> None:
        self._socket.close()


def wait_until_closed_to_new_callers(server: RunningServer) -> None:
    address = urlsplit(server.url)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection((address.hostname, address.port), timeout=1).close()
        except OSError:
            return
        time.sleep(0.01)
    raise AssertionError("it still listens")


def ask_health(server: RunningServer) -> None:
    """Read two responses, which prove that the server has read everything sent before."""
    for _ in range(2):
        assert httpx2.get(f"{server.url}/healthz", trust_env=False).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["sigterm", "sigint"])
def test_requests_in_flight_finish_and_the_exit_code_is_0(dsn: str, start: Start, number: signal.Signals):
    with slow_database(dsn) as (slow_dsn, hold, let_go):
        server = start(slow_dsn)
        with RestApi(server.url, server.api_key) as api:
            memory_id = api.store("first")["id"]
        hold()
        requests = [
            OpenRequest(server, "POST", "/memories", {"content": "second"}),
            OpenRequest(server, "PUT", f"/memories/{memory_id}", {"tags": ["changed"]}),
            OpenRequest(server, "POST", "/memories", {"session_id": "s", "messages": make_messages("third")}),
        ]
        ask_health(server)
        server.process.send_signal(number)
        wait_until_closed_to_new_callers(server)
        assert server.process.poll() is None
        let_go()
        answers = [request.read_response() for request in requests]
        assert server.process.wait(SECONDS) == 0
    assert [status for status, _ in answers] == [202, 200, 202]
    assert answers[1][1]["version"] == 2
    server = start(dsn, api_key=server.api_key)
    with RestApi(server.url, server.api_key) as api:
        assert set(api.contents()) == {"first", "second"}
        assert [one["content"] for one in api.messages("s")] == ["third"]


def test_a_request_whose_body_is_still_arriving_finishes_too(dsn: str, start: Start):
    server = start(dsn)
    body = {"content": "arriving"}
    requests = [OpenRequest(server, "POST", "/memories", body, held_back_bytes=n) for n in (1, 22)]
    ask_health(server)
    server.process.send_signal(signal.SIGTERM)
    wait_until_closed_to_new_callers(server)
    for request in requests:
        request.send_rest()
    assert [request.read_response()[0] for request in requests] == [202, 202]
    assert server.process.wait(SECONDS) == 0


def test_a_request_that_never_ends_delays_the_exit_no_longer_than_configured(dsn: str, start: Start):
    with slow_database(dsn) as (slow_dsn, hold, let_go):
        server = start(slow_dsn, shutdown_seconds="0.5")
        hold()
        stuck = OpenRequest(server, "POST", "/memories", {"content": "stuck"})
        ask_health(server)
        server.process.send_signal(signal.SIGTERM)
        wait_until_closed_to_new_callers(server)
        try:
            assert server.process.wait(SECONDS + 2) == 0
        finally:
            stuck.close()
            let_go()


def test_under_load_no_client_gets_half_a_response_or_an_error(dsn: str, start: Start):
    server = start(dsn)
    kept: list[str] = []
    others: list[int] = []
    enough = threading.Event()

    def store_until_the_end(name: str) -> None:
        with RestApi(server.url, server.api_key) as api:
            for number in range(10_000):
                try:
                    answer = api.post({"content": f"{name} {number}"})
                except httpx2.TransportError:
                    return
                if answer.status_code == 202:
                    kept.append(answer.json()["id"])
                else:
                    others.append(answer.status_code)
                if len(kept) >= 50:
                    enough.set()

    threads = [threading.Thread(target=store_until_the_end, args=(f"t{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    assert enough.wait(SECONDS)
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < GRACE_SECONDS
    for thread in threads:
        thread.join(SECONDS)
    assert others == []
    assert "Traceback" not in server.log_path.read_text()
    server = start(dsn, api_key=server.api_key)
    with RestApi(server.url, server.api_key) as api:
        there = {memory["id"] for page in api.pages(200) for memory in page["memories"]}
    assert set(kept) <= there
