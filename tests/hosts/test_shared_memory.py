"""What was said to one host is known to every other one in its next session."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.claude.program import Claude
from tests.hosts.conftest import wait_until
from tests.hosts.openclaw.gateway import run_gateway
from tests.hosts.openclaw.program import OpenClaw
from tests.hosts.opencode.program import PLUGIN, OpenCode
from tests.support.databases.engines import LIVE, empty_database
from tests.support.models.scripted_model import ScriptedModel, run_scripted_model
from tests.support.servers import RunningServer, start_server

pytestmark = pytest.mark.timeout(300)

#: For each host: what it is told, a question about it, and what must be recalled for the question.
FACTS = {
    "claude": ("The harbour gate opens with ZULU-4471.", "How does the harbour gate open?", "ZULU-4471"),
    "opencode": ("The lighthouse keeper is named Brannoch.", "Who keeps the lighthouse?", "Brannoch"),
    "openclaw": ("Deploys of the ferry go through Pelorus.", "How is the ferry deployed?", "Pelorus"),
}


@dataclass
class Agent:
    """A host in its own home: a new session for each question, and the requests to its model."""

    model: ScriptedModel
    ask: Callable[[str], object]


@contextmanager
def run_claude(home: Path, server: RunningServer, model: ScriptedModel) -> Iterator[Agent]:
    claude = Claude(home, model.url, {"MEM9_API_URL": server.url, "MEM9_API_KEY": server.api_key})
    yield Agent(model, claude.ask)


@contextmanager
def run_opencode(home: Path, server: RunningServer, model: ScriptedModel) -> Iterator[Agent]:
    host = OpenCode(home, model.url)
    folder = host.add_project("project", [str(PLUGIN), {"url": server.url, "apiKey": server.api_key}])
    with host.serve() as serving:
        project = serving.open(folder)
        yield Agent(model, lambda prompt: project.ask(project.create_session(), prompt))


@contextmanager
def run_openclaw(home: Path, server: RunningServer, model: ScriptedModel) -> Iterator[Agent]:
    sessions = (f"s{number}" for number in itertools.count())
    host = OpenClaw(home, model.url, {"url": server.url, "apiKey": server.api_key})
    with run_gateway(host) as gateway:
        yield Agent(model, lambda prompt: gateway.ask(next(sessions), prompt))


RUNNERS = {"claude": run_claude, "opencode": run_opencode, "openclaw": run_openclaw}


@pytest.fixture(scope="module")
def agents(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Agent]]:
    """All hosts with one memory in the live database, after each was told its fact."""
    folder = tmp_path_factory.mktemp("shared")
    with empty_database(LIVE, request, folder) as dsn, ExitStack() as stack:
        server = start_server(folder, dsn)
        stack.callback(server.stop)
        memory = stack.enter_context(Client(server.url, server.api_key))
        running = {}
        for name, run in RUNNERS.items():
            model = stack.enter_context(run_scripted_model())
            running[name] = stack.enter_context(run(tmp_path_factory.mktemp(name), server, model))
            running[name].ask(FACTS[name][0])
            wait_until(lambda told=FACTS[name][2]: memory.list_memories(q=told).memories)
        yield running


@pytest.mark.parametrize(("teller", "knower"), list(itertools.permutations(FACTS, 2)))
def test_what_was_said_to_one_host_reaches_the_model_of_another(
    agents: dict[str, Agent], teller: str, knower: str
) -> None:
    _, question, answer = FACTS[teller]
    model = agents[knower].model
    model.requests.clear()

    agents[knower].ask(question)

    assert any(answer in request.text for request in model.requests)
