"""Recorded events and scripted servers for the tests of the hook runner."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[1] / "hosts" / "fixtures" / "claude"
#: What a scripted server does with one connection.
Behaviour = Callable[[socket.socket], None]


def read_fixture(name: str) -> dict[str, Any]:
    """Read the input of a hook as Claude Code 2.1.330 sent it."""
    data: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return data


@contextmanager
def run_socket(behaviour: Behaviour) -> Iterator[str]:
    """Run a server that does something with each connection; gives its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_connections: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_connections.append(connection)
            threading.Thread(target=serve, args=[connection], daemon=True).start()

    def serve(connection: socket.socket) -> None:
        try:
            behaviour(connection)
        except OSError:
            return

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)  # what it accepts at the last moment is closed too
        for connection in open_connections:
            connection.close()


def read_request(connection: socket.socket) -> tuple[str, dict[str, str], bytes]:
    """Read one request: its first line, its headers by lower-case name, its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65_536)
        if not chunk:
            raise OSError("no more requests")
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65_536)
    return first, headers, body


def make_answer(body: bytes, status: int = 200, extra: str = "") -> bytes:
    """Write an HTTP answer."""
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


class Recorder:
    """A behaviour that answers every request with the next of the answers, the last one again and again."""

    def __init__(self, *answers: bytes) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self._answers = list(answers)

    def __call__(self, connection: socket.socket) -> None:
        while True:
            self.requests.append(read_request(connection))
            connection.sendall(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])


def make_line(number: int, **fields) -> bytes:
    record = {"type": "user", "uuid": f"u{number}", "message": {"role": "user", "content": f"word {number}"}}
    return json.dumps({**record, **fields}).encode() + b"\n"


def write_lines(path: Path, *numbers: int) -> None:
    path.write_bytes(b"".join(make_line(number) for number in numbers))
