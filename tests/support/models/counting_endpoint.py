"""An endpoint with OpenAI's embeddings API that counts all tokens it receives."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from mnemo_server.embedding.local.wordpiece import load_wordpiece

DIMENSIONS = 16
#: The word that servers embed to learn the length of vectors; it isn't counted.
SAMPLE = ["memory"]
#: More tokens than any text has.
_MANY = 100_000


class CountingEndpoint:
    """Counts with a real vocabulary; tests can make requests hang."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        #: Texts other than the sample, in the order they were received.
        self.texts: list[str] = []
        #: The number of tokens of all of them.
        self.tokens = 0
        self.requests = 0
        #: Set once a request hangs.
        self.hanging = threading.Event()
        #: Requests are served while this is set.
        self.gate = threading.Event()
        self.gate.set()
        self._lock = threading.Lock()
        self._wordpiece = load_wordpiece()

    def count(self, texts: Iterable[str]) -> int:
        """Return the number of tokens of these texts."""
        return sum(len(self._wordpiece.cut(text, limit=_MANY).ids) for text in texts)

    def receive(self, texts: list[str]) -> int:
        """Record a request, and return its number of tokens."""
        tokens = self.count(texts)
        with self._lock:
            if texts != SAMPLE:
                self.texts += texts
                self.tokens += tokens
                self.requests += 1
        if texts != SAMPLE and not self.gate.is_set():
            self.hanging.set()
            self.gate.wait()
        return tokens


@contextmanager
def run_counting_endpoint() -> Iterator[CountingEndpoint]:
    """Run an endpoint on a free port for as long as the context lasts."""
    server = _Server(("127.0.0.1", 0), _Handler)
    endpoint = server.endpoint = CountingEndpoint(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.gate.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    endpoint: CountingEndpoint

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report no errors of clients that were killed: tests kill them on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep the test's output clean."""

    def do_POST(self) -> None:
        """Serve a request for embeddings."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = body["input"]
        tokens = cast("_Server", self.server).endpoint.receive(texts)
        response = {
            "object": "list",
            "model": body["model"],
            "data": [{"index": index, "embedding": _vector(text)} for index, text in enumerate(texts)],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
        data = json.dumps(response).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _vector(text: str) -> list[float]:
    digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    return [byte - 127.5 for byte in digest[:DIMENSIONS]]
