"""A server that sends the responses a test chooses, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

#: The key of every client in these tests; no output may show it.
API_KEY = "mnk_the-key-that-nobody-may-see"


@dataclass(frozen=True)
class Answer:
    """One scripted answer. `fate`: answer, break (close without a word), hang, or trickle (never finish)."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    fate: str = "answer"


@dataclass(frozen=True)
class Received:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedServer(ThreadingHTTPServer):
    """Gives its answers in order, the last one again and again, and keeps what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[Answer] = [Answer()]
        #: Decides instead of the script, if it is set.
        self.decide: Callable[[Received], Answer] | None = None
        self.received: list[Received] = []
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.api_key = API_KEY

    def will_answer(self, *answers: Answer) -> None:
        """Set the script."""
        self.script = list(answers)

    def next_answer(self, request: Received) -> Answer:
        """Return the answer that is due."""
        if self.decide:
            return self.decide(request)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about clients that went away; they were told to."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Received(self.command, self.path, headers, body)
        self.server.received.append(request)
        self._give(self.server.next_answer(request))

    def _give(self, answer: Answer) -> None:
        if answer.fate == "break":
            self.close_connection = True
            return
        if answer.fate == "hang":
            self.server.closing.wait(30)
            self.close_connection = True
            return
        is_text = isinstance(answer.body, str)
        body = answer.body.encode() if is_text else json.dumps(answer.body or {}).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(10**6 if answer.fate == "trickle" else len(body)))
        self.end_headers()
        while answer.fate == "trickle" and not self.server.closing.wait(0.02):
            self.wfile.write(b" ")
        self.wfile.write(b"" if answer.status in (204, 304) else body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name is the base class's)
        """Stay silent."""


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A scripted server, listening."""
    server = ScriptedServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture
def silent_url() -> Iterator[str]:
    """An address that refuses connections: its port is taken, so that nobody else can listen there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def answer() -> type[Answer]:
    """The class of scripted answers."""
    return Answer


@pytest.fixture
def error_response() -> Any:
    """Makes an error of the contract: `error_response(status, code, **headers)`."""

    def make(status: int, code: str, sentence: str = "sorry", **headers: str) -> Answer:
        body = {"error": sentence, "code": code, "fields": {}, "request_id": "request-1"}
        return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    return make


@pytest.fixture
def memory() -> dict[str, Any]:
    """A memory as a server answers it."""
    return {
        "id": "0amfm0j0ye4sz",
        "content": "Deploys need the VPN.",
        "memory_type": "insight",
        "state": "active",
        "version": 3,
        "created_at": "2026-11-23T20:38:51.655943Z",
        "updated_at": "2026-11-23T20:38:52Z",
        "tags": ["deploy"],
    }


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the home of the person at the keyboard out of the tests; the variables went at the start."""
    monkeypatch.setenv("HOME", str(tmp_path / "no-home"))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "no-settings"))
