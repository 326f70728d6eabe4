"""No process of ours outlives Claude Code by a second, however it ended, whatever the server does."""

from __future__ import annotations

import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.claude.program import Claude
from tests.hosts.conftest import wait_until
from tests.hosts.conversation import assert_nothing_left, open_conversation
from tests.support.marked import MARK_VARIABLE, find_marked
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel
from tests.support.servers import RunningServer, start_server

pytestmark = pytest.mark.timeout(180)

ENDINGS = [
    pytest.param(None, id="end of input"),
    pytest.param(signal.SIGTERM, id="SIGTERM"),
    pytest.param(signal.SIGKILL, id="SIGKILL"),
]


@pytest.fixture
def mnemo_server(tmp_path: Path) -> Iterator[RunningServer]:
    """One engine is enough: processes on this side don't see it."""
    server = start_server(tmp_path / "server", f"sqlite:///{tmp_path / 'memories.db'}")
    yield server
    server.stop()


class HungServer:
    """Accepts connections and requests, and never responds."""

    def __init__(self, listener: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        #: The bytes received, in the order they came.
        self.received: list[bytes] = []
        self._listener = listener
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._read, args=[connection], daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while data := connection.recv(65_536):
                self.received.append(data)


@pytest.fixture
def hung_server() -> Iterator[HungServer]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield HungServer(listener)
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def mark(claude: Claude) -> str:
    """The mark in the environment of Claude Code and of everything that it starts."""
    mark = uuid.uuid4().hex
    claude.memory[MARK_VARIABLE] = mark
    return mark


@pytest.fixture(params=["up", "stopped", "hung"])
def server_condition(
    request: pytest.FixtureRequest, claude: Claude, mnemo_server: RunningServer, hung_server: HungServer
) -> str:
    """The state of the server while the host runs and ends."""
    condition: str = request.param
    if condition == "hung":
        claude.memory["MEM9_API_URL"] = hung_server.url
        claude.memory["MNEMOS_HOOK_TIMEOUT_MS"] = "200"
    if condition == "stopped":
        mnemo_server.stop()
    return condition


@pytest.mark.usefixtures("server_condition")
@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_is_left_after_a_session(claude: Claude, mark: str, ending: signal.Signals | None) -> None:
    with open_conversation(claude) as conversation:
        conversation.ask("a word in the wind")
        assert any("mnemos mcp" in command for command in find_marked(mark).values()), "the mark must show"
        gone_at = conversation.end(ending)

        assert_nothing_left(mark, gone_at)


@pytest.mark.parametrize("ending", ENDINGS[1:])
def test_nothing_is_left_after_a_host_that_ends_in_the_middle_of_a_call(
    claude: Claude, model: ScriptedModel, hung_server: HungServer, mark: str, ending: signal.Signals
) -> None:
    claude.memory["MEM9_API_URL"] = hung_server.url
    model.rules = [Rule("depot", (CallTool("memory_search", {"q": "depot"}), Say("never said")))]
    with open_conversation(claude) as conversation:
        conversation.send("When does the depot close?")
        wait_until(lambda: any(b"?q=depot" in data for data in hung_server.received))
        gone_at = conversation.end(ending)

        assert_nothing_left(mark, gone_at)


def test_the_uploader_goes_on_while_its_host_is_alive(
    claude: Claude, hung_server: HungServer, mark: str
) -> None:
    """The other half of the rule: it gives up early only after its host has ended."""
    claude.memory |= {"MEM9_API_URL": hung_server.url, "MNEMOS_HOOK_TIMEOUT_MS": "200"}
    with open_conversation(claude) as conversation:
        conversation.ask("a word in the wind")
        wait_until(lambda: is_uploading(mark))
        until = time.monotonic() + 1.5
        wait_until(lambda: time.monotonic() > until)

        assert is_uploading(mark)


def test_messages_without_a_response_are_sent_again_in_the_next_session(
    make_claude: Callable[[str], Claude], memory: Client, mnemo_server: RunningServer, hung_server: HungServer
) -> None:
    claude = make_claude("home")
    claude.memory |= {"MEM9_API_URL": hung_server.url, "MNEMOS_HOOK_TIMEOUT_MS": "200"}
    session_id = claude.ask("a word in the wind").output["session_id"]
    assert list((claude.state_folder / "spool").glob("*.json"))
    claude.memory["MEM9_API_URL"] = mnemo_server.url

    claude.ask("the server is back")

    wait_until(lambda: memory.list_session_messages(session_id=[session_id]).messages)
    wait_until(lambda: not list((claude.state_folder / "spool").glob("*.json")))


def is_uploading(mark: str) -> bool:
    return any("hook upload" in command for command in find_marked(mark).values())
