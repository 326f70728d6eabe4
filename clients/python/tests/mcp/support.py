"""A scripted memory server, and `mnemos mcp` as a process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

MEMORY: dict[str, Any] = {
    "id": "0abcdefghjkmn",
    "content": "The mast is oak.",
    "memory_type": "insight",
    "state": "active",
    "version": 1,
    "created_at": "2026-11-22T01:02:03Z",
    "updated_at": "2026-11-23T01:02:03Z",
    "tags": ["boat"],
    "agent_id": "tester",
    "source": "tester",
}
WAIT_SECONDS = 20


class MemoryServer(ThreadingHTTPServer):
    """Answers `METHOD path` (without query) as scripted, and notes the requests."""

    daemon_threads = True

    def __init__(self, answers: dict[str, tuple[int, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        #: Requests wait for this before they are answered.
        self.gate = threading.Event()
        self.gate.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self) -> None:
        server = cast("MemoryServer", self.server)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.requests.append(
            (f"{self.command} {self.path}", dict(self.headers), json.loads(body or b"null"))
        )
        assert server.gate.wait(WAIT_SECONDS)
        status, answer = server.answers[f"{self.command} {self.path.partition('?')[0]}"]
        data = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the library's names


@contextmanager
def run_memory_server(answers: dict[str, tuple[int, Any]]) -> Iterator[MemoryServer]:
    server = MemoryServer(answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.gate.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


class McpProcess:
    """`mnemos mcp`, spoken to line by line."""

    def __init__(self, url: str = "http://127.0.0.1:9", **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mnemos", "mcp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"MEM9_API_URL": url, "MEM9_API_KEY": "k", **environment},
        )
        self._timer = threading.Timer(WAIT_SECONDS, self.process.kill)  # no read waits for ever
        self._timer.start()

    def send(self, line: bytes | dict[str, Any]) -> None:
        data = line if isinstance(line, bytes) else json.dumps(line).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(data + b"\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def ask(self, method: str, params: Any = None, request_id: Any = 1) -> dict[str, Any]:
        self.send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params or {}})
        return self.receive()

    def call(self, name: str, **arguments: Any) -> tuple[dict[str, Any], bool]:
        """Call a tool; gives what the model reads, and whether it is an error."""
        result = self.ask("tools/call", {"name": name, "arguments": arguments})["result"]
        (content,) = result["content"]
        assert content["type"] == "text"
        return json.loads(content["text"]), result["isError"]

    def close(self) -> tuple[int, bytes]:
        """End its input; gives its code and what else it printed."""
        rest, _ = self.process.communicate(timeout=WAIT_SECONDS)
        self._timer.cancel()
        return self.process.returncode, rest
