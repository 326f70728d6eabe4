"""An embedding model behind OpenAI's API, as unreliable as tests need it: on 127.0.0.1, without network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, cast

from mnemo_server.embedding.ports import Model
from mnemo_server.embedding.remote.openai_endpoint import Endpoint
from mnemo_server.embedding.remote.responses import whole_text
from mnemo_server.index.segments.vectors import Embedding

from tests.support.databases.gate import Gate, open_gate
from tests.support.models.hashing_embedder import HashingEmbedder

_MODEL = "hashing"
#: Seconds that a hanging request waits: longer than any test takes, so that no thread remains for ever.
_HANG_SECONDS = 120

#: Seconds until a request must have been received.
_PATIENCE_SECONDS = 60

#: `fine`, or what the model does instead of returning vectors.
Mood = Literal["fine", "failing", "senseless", "hanging"]


class EmbeddingEndpoint:
    """A model with the vectors of `HashingEmbedder` behind a gate, so that it can die and hang."""

    def __init__(self, gate: Gate) -> None:
        self.mood: Mood = "fine"
        #: Requests with a text that contains this word hang.
        self.hanging_word = ""
        self.url = f"http://127.0.0.1:{gate.port}/v1"
        self._embedder = HashingEmbedder(Endpoint(_MODEL, self.url).name)
        self._gate = gate
        self._requests: list[tuple[Mood, list[str]]] = []
        self._received = threading.Condition()
        self._is_closed = threading.Event()

    @property
    def model(self) -> Model:
        """The model as a server that uses this endpoint identifies it."""
        return self._embedder.model

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a server that uses this endpoint."""
        return {"embedder": "openai", "embed_base_url": self.url, "embed_model": _MODEL}

    def die(self) -> None:
        """Break open connections and refuse new ones."""
        self._gate.cut()

    def come_back(self, mood: Mood = "fine") -> None:
        """Listen again after `die`, on the same port."""
        self.mood = mood
        self._gate.restore()

    def wait_for(self, mood: Mood, word: str) -> None:
        """Wait until a request with a text that contains this word was received in this mood."""

        def is_received() -> bool:
            return any(
                request_mood == mood and word in text
                for request_mood, texts in self._requests
                for text in texts
            )

        with self._received:
            assert self._received.wait_for(is_received, _PATIENCE_SECONDS), f"nothing met a {mood} model"

    def close(self) -> None:
        """Release all requests that hang."""
        self._is_closed.set()

    def embed(self, texts: Iterable[str]) -> list[Embedding]:
        """Embed some texts at once, without a request."""
        return [whole_text(self._embedder.embed(text).vector) for text in texts]

    @property
    def texts(self) -> list[str]:
        """Every text that was sent so far."""
        return [text for _, texts in self._requests for text in texts]

    def respond(self, texts: list[str]) -> tuple[int, Any]:
        """Return the status and the body for some texts."""
        with self._received:
            mood = self.mood
            self._requests.append((mood, texts))
            self._received.notify_all()
        if mood == "hanging" or (self.hanging_word and any(self.hanging_word in text for text in texts)):
            self._is_closed.wait(_HANG_SECONDS)
        if mood == "failing":
            return 500, {"error": {"message": "out of memory"}}
        if mood == "senseless":
            return 200, {"data": [{"index": 0, "embedding": "nonsense"}]}
        vectors = [embedding.vector.tolist() for embedding in self.embed(texts)]
        return 200, {"data": [{"index": n, "embedding": vector} for n, vector in enumerate(vectors)]}


@contextmanager
def open_endpoint() -> Iterator[EmbeddingEndpoint]:
    """Run a model for as long as the context lasts."""
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    with open_gate("127.0.0.1", server.server_port) as gate:
        endpoint = server.endpoint = EmbeddingEndpoint(gate)
        try:
            yield endpoint
        finally:
            endpoint.close()
            server.shutdown()
            server.server_close()
            thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    endpoint: EmbeddingEndpoint

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report no errors of callers whose connection was cut."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep the test's output clean."""

    def do_POST(self) -> None:
        """Serve a request for embeddings."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, body = cast("_Server", self.server).endpoint.respond(request["input"])
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
