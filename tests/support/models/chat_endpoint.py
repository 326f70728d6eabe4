"""An endpoint with OpenAI's chat API on 127.0.0.1 that replies by a script.

It runs in its own thread, so that a server in another process can use it.
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from mnemo_server.domain.tokens import estimate_tokens
from mnemo_server.llm.ports import ModelError
from mnemo_server.llm.prompts.boundary import WIDEST_BOUNDARY
from mnemo_server.testing.script import ModelRequest, Response, Rule, Script, Stall

STALL_SECONDS = 60
#: The random word at the beginning of our own lines in a request.
BOUNDARY = re.compile(r"(?<=#)[0-9a-f]{8}\b")


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send instead of a completion: any status and body; without a status, close the connection."""

    status: int | None = None
    body: object = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request as it was received."""

    body: dict[str, Any]
    headers: dict[str, str]
    """Names are in lower case."""

    @property
    def user(self) -> str:
        """The text that changes with each request."""
        return str(self.body["messages"][1]["content"])


class ChatEndpoint:
    """The running endpoint: its address, its script, and the requests it received."""

    def __init__(self, base_url: str, script: Script) -> None:
        self.base_url = base_url
        self.script = script
        #: Every request, with or without a completion, in the order received.
        self.requests: list[LoggedRequest] = []
        #: Tokens of all completed requests, prompt and completion, by its own count.
        self.used_tokens = 0
        #: Members of a request that are refused with 400, as by endpoints that don't know them.
        self.unknown_members: set[str] = set()
        #: Whether responses report how many tokens they used.
        self.counts_tokens = True
        #: Set once a request stalls; stalled requests continue once `release` is set.
        self.stalling = threading.Event()
        self.release = threading.Event()
        self._replies: deque[Reply] = deque()

    def respond_to(self, pattern: str, *responses: Response) -> None:
        """From now on, reply to requests that match `pattern` with these in turn, then with the last one."""
        self.script.respond_to(pattern, *responses)

    def respond_next(self, status: int | None = None, body: object = "", **headers: str) -> None:
        """Send this as the next response to any request; hyphens replace underscores in header names."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._replies.append(Reply(status, body, named))

    def respond(self, request: LoggedRequest) -> Reply:
        """Choose the reply to a request."""
        self.requests.append(request)
        if self._replies:
            return self._replies.popleft()
        unknown = self.unknown_members & request.body.keys()
        if unknown:
            return Reply(
                400, {"error": {"message": f"Unsupported parameter: {unknown}", "param": unknown.pop()}}
            )
        limit = request.body.get("max_completion_tokens") or request.body.get("max_tokens") or 0
        system, user = (str(message["content"]) for message in request.body["messages"])
        chosen = self.script.choose(ModelRequest(system, user, limit))
        if isinstance(chosen, Stall):
            self.stalling.set()
            self.release.wait(STALL_SECONDS)
            chosen = '{"facts": []}'
        if isinstance(chosen, ModelError):
            return Reply(503, {"error": {"message": str(chosen)}})
        input_tokens = count_tokens(system) + count_tokens(user)
        return Reply(200, self._write_completion(chosen, input_tokens, str(request.body["model"])))

    def _write_completion(self, text: str, input_tokens: int, model: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        completion = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        }
        output_tokens = estimate_tokens(text)
        self.used_tokens += input_tokens + output_tokens
        if self.counts_tokens:
            counts = {
                "prompt_tokens": input_tokens,
                "completion_tokens": output_tokens,
                "total_tokens": input_tokens + output_tokens,
            }
            completion["usage"] = counts
        return completion


def count_tokens(text: str) -> int:
    """Return the number of tokens of a text; requests that differ only in their random word have the same."""
    return estimate_tokens(BOUNDARY.sub(WIDEST_BOUNDARY, text))


@contextmanager
def run_chat_endpoint(*rules: Rule) -> Iterator[ChatEndpoint]:
    """Run an endpoint on a free port for as long as the context lasts."""
    server = _Server(("127.0.0.1", 0), _Handler)
    endpoint = server.endpoint = ChatEndpoint(f"http://127.0.0.1:{server.server_port}/v1", Script(*rules))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.release.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    endpoint: ChatEndpoint

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report no errors of clients that closed the connection: some tests are about that."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep the test's output clean."""

    def do_POST(self) -> None:
        """Serve a request for a completion."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.path.endswith("/chat/completions"):
            self._send(Reply(404, {"error": {"message": self.path}}))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        endpoint = cast("_Server", self.server).endpoint
        self._send(endpoint.respond(LoggedRequest(json.loads(body), headers)))

    def _send(self, reply: Reply) -> None:
        if reply.status is None:
            self.close_connection = True
            return
        data = (reply.body if isinstance(reply.body, str) else json.dumps(reply.body)).encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
