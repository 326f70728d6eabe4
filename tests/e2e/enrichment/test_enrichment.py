"""Conversations become memories through a language model that follows a script, in real servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from mnemo_server.testing.script import ModelRequest, fact, facts, merge

from tests.support.databases.engines import ENGINES, empty_database
from tests.support.interfaces.rest import RestApi, make_messages, provision
from tests.support.models.chat_endpoint import ChatEndpoint, run_chat_endpoint
from tests.support.servers import RunningServer, start_server

PATIENCE_SECONDS = 60
TURNS = 200
WINDOWS = 20
PAIRS = 20
STORES = 1_000
CAP = 30_000


@pytest.fixture(scope="module")
def endpoint() -> Iterator[ChatEndpoint]:
    """The language model that all tests here share."""
    with run_chat_endpoint() as running:
        yield running


@pytest.fixture(scope="module", params=ENGINES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, endpoint: ChatEndpoint
) -> Iterator[RunningServer]:
    """A server that uses the language model."""
    folder = tmp_path_factory.mktemp("enrichment")
    with empty_database(request.param, request, folder) as dsn:
        running = start_server(
            folder,
            dsn,
            provision_per_hour="0",
            llm_base_url=endpoint.base_url,
            enrich_delay_seconds="0",
        )
        yield running
        assert running.stop() == 0


@pytest.fixture
def api(server: RunningServer) -> Iterator[RestApi]:
    """A new tenant."""
    with RestApi(server.url, provision(server.url)) as opened:
        yield opened


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition is true that a server brings about by itself."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, f"waited in vain: {what}"
        time.sleep(0.05)


def finish(api: RestApi, job_id: str) -> dict[str, Any]:
    """Wait for a job to end and return it."""
    seen: dict[str, Any] = {}

    def has_ended() -> bool:
        seen.update(api.send("GET", f"/jobs/{job_id}").json())
        return seen["state"] in ("done", "failed") or seen.get("note") is not None

    wait_for(has_ended, f"the end of job {job_id}, which is {seen}")
    return seen


def tell(api: RestApi, *texts: str, session: str = "s") -> dict[str, Any]:
    """Send messages, and wait until the model has processed them."""
    answer = api.post({"session_id": session, "messages": make_messages(*texts)}).json()
    assert answer["enrichment"] == "queued", answer
    return finish(api, answer["job_id"])


def contents(api: RestApi, **query: Any) -> list[str]:
    return api.contents(limit=200, **query)


def test_a_conversation_becomes_facts_with_their_sources(api: RestApi, endpoint: ChatEndpoint):
    endpoint.respond_to(
        "harbour",
        facts(fact("The harbour opens at six.", 2, tags=["ops"], subject="project/harbour/opening")),
    )

    job = tell(api, "Good morning!", "The harbour opens at six from now on.")

    assert (job["state"], job["detail"]) == ("done", {"messages": 2, "added": 1})
    (memory,) = api.send("GET", "/memories").json()["memories"]
    messages = api.messages("s")
    assert memory["content"] == "The harbour opens at six."
    assert memory["derived_from"] == [messages[1]["id"]]
    said_at = datetime.fromisoformat(memory["metadata"]["said_at"])
    assert said_at == datetime.fromisoformat(messages[1]["created_at"])
    assert (memory["tags"], memory["subject"]) == (["ops"], "project/harbour/opening")
    assert [one["content"] for one in messages] == ["Good morning!", "The harbour opens at six from now on."]


def test_only_new_messages_are_sent(api: RestApi, endpoint: ChatEndpoint):
    before = len(endpoint.requests)
    tell(api, "first lantern", "second lantern")
    answer = api.post(
        {"session_id": "s", "messages": make_messages("first lantern", "second lantern", "third lantern")}
    )
    finish(api, answer.json()["job_id"])

    sent = [request.user for request in endpoint.requests[before:]]
    counts = [sum(text.count(f"{word} lantern") for text in sent) for word in ("first", "second", "third")]
    assert counts == [1, 1, 1]


def test_of_contradictions_the_newest_is_current_and_restoring_undoes_them(
    api: RestApi, endpoint: ChatEndpoint
):
    """The model supersedes; the history and restoring are the server's."""
    names = [f"Person{number}" for number in range(PAIRS)]
    for name in names:
        endpoint.respond_to(f"{name} says old", facts(fact(f"{name} lives in the town of Oldwick.", 1)))
        endpoint.respond_to(f"{name} says new", facts(fact(f"{name} lives in the town of Newport.", 1)))
        endpoint.respond_to(
            f"{name} lives in the town of Newport", lambda request, name=name: decide(request, name)
        )
    for name in names:
        tell(api, f"{name} says old", session=name)
    between = time.time()
    time.sleep(0.01)
    for name in names:
        tell(api, f"{name} says new", session=f"{name} later")

    assert sorted(contents(api)) == sorted(f"{name} lives in the town of Newport." for name in names)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(between)) + f".{int(between % 1 * 1e6):06d}Z"
    then = contents(api, as_of=moment)
    assert sorted(then) == sorted(f"{name} lives in the town of Oldwick." for name in names)
    everything = api.send("GET", "/memories", params={"include_superseded": "true", "limit": 200}).json()
    for old in [one for one in everything["memories"] if "Oldwick" in one["content"]]:
        history = api.send("GET", f"/memories/{old['id']}/history").json()
        change = history["changes"][0]
        assert (change["action"], change["detail"]["reason"]) == ("superseded", "moved")
        assert "Newport" in change["detail"]["fact"]
        assert api.send("POST", f"/memories/{old['id']}/restore", json={}).status_code == 200
    assert sorted(contents(api)) == sorted(then)


def decide(request: ModelRequest, name: str) -> dict[str, Any]:
    """Supersede the memory of a person's home."""
    (number,) = request.find(f"{name} lives in the town of Oldwick")
    return merge("supersede", number, reason="moved")


def test_a_pinned_memory_is_never_changed(api: RestApi, endpoint: ChatEndpoint):
    api.post({"content": "The mast is made of oak.", "memory_type": "pinned", "subject": "project/mast/wood"})
    endpoint.respond_to("pine mast", facts(fact("The mast is made of pine.", 1, subject="project/mast/wood")))
    endpoint.respond_to("The mast is made of pine", merge("supersede", 1, reason="a lie"))

    tell(api, "We have a pine mast now.")

    assert sorted(contents(api)) == ["The mast is made of oak.", "The mast is made of pine."]


@pytest.mark.parametrize("answer", ["no json at all", '{"facts": "many"}', '{"facts": [{"content": 7}]}'])
def test_a_useless_reply_keeps_the_messages_and_the_job_shows_why(
    api: RestApi, endpoint: ChatEndpoint, answer: str
):
    endpoint.respond_to("broken compass", answer)

    job = tell(api, "a broken compass")

    assert job["state"] == "done"
    assert job["detail"]["skipped"] == 1
    assert job["detail"]["reason"]
    assert [one["content"] for one in api.messages("s")] == ["a broken compass"]
    assert contents(api) == []


def test_a_memory_stored_as_text_gets_tags_of_the_vocabulary_and_keeps_its_text(
    api: RestApi, endpoint: ChatEndpoint
):
    api.post({"content": "Backups run at noon", "tags": ["operations"]})
    endpoint.respond_to("Restores take an hour", facts(fact("Restores take an hour", 1, tags=["Operations"])))

    answer = api.post({"content": "Restores take an hour"}).json()
    finish(api, answer["job_id"])

    memory = api.send("GET", f"/memories/{answer['id']}").json()
    assert (memory["content"], memory["tags"], memory["version"]) == (
        "Restores take an hour",
        ["operations"],
        2,
    )


@pytest.mark.parametrize("engine", ENGINES)
async def test_windows_of_three_agents_cost_as_much_as_the_conversation_once(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
):
    turns = [
        {"role": ("user", "assistant")[place % 2], "content": f"turn {place}: of the keel and the sail"}
        for place in range(TURNS)
    ]
    step = TURNS // WINDOWS
    windows = [turns[max(0, end - 3 * step) : end] for end in range(step, TURNS + 1, step)]
    with run_chat_endpoint() as endpoint, empty_database(engine, request, tmp_path) as dsn:
        settings = {"llm_base_url": endpoint.base_url, "enrich_delay_seconds": "0", "provision_per_hour": "0"}
        # No job runs until all windows are stored.
        server = start_server(tmp_path, dsn, job_concurrency="0", **settings)
        keys, job_ids = [], []
        for agents, sent in ((3, windows), (1, [turns])):
            keys.append(provision(server.url))
            jobs = await asyncio.gather(
                *(asyncio.to_thread(send_all, server.url, keys[-1], sent) for _ in range(agents))
            )
            job_ids.append(next(job for job in jobs if job))
        assert await asyncio.to_thread(server.stop) == 0
        server = start_server(tmp_path, dsn, **settings)
        spent = []
        for api_key, job_id in zip(keys, job_ids, strict=True):
            with RestApi(server.url, api_key) as api:
                await asyncio.to_thread(finish, api, job_id)
                assert [one["content"] for one in api.messages("s")] == [turn["content"] for turn in turns]
                usage = api.send("GET", "/usage").json()
                spent.append([(day["calls"], day["input_tokens"]) for day in usage["days"]])
        assert await asyncio.to_thread(server.stop) == 0
    (((calls, tokens),), ((calls_once, tokens_once),)) = spent
    assert (calls, tokens) == (calls_once, tokens_once)
    told = "".join(one.user for one in endpoint.requests)
    assert all(told.count(f"turn {place}: of") == 2 for place in range(TURNS))  # once for each tenant


def send_all(url: str, api_key: str, windows: list[list[dict[str, Any]]]) -> str | None:
    """Send windows as one agent; return the id of the requested job, or None without new messages."""
    job_id = None
    with RestApi(url, api_key) as api:
        for messages in windows:
            answer = api.post({"session_id": "s", "messages": messages}).json()
            job_id = answer.get("job_id") or job_id
    return job_id


@pytest.mark.parametrize("engine", ENGINES)
def test_a_thousand_stores_never_exceed_the_cap(engine: str, request: pytest.FixtureRequest, tmp_path: Path):
    with run_chat_endpoint() as endpoint, empty_database(engine, request, tmp_path) as dsn:
        server = start_server(
            tmp_path,
            dsn,
            llm_base_url=endpoint.base_url,
            llm_daily_tokens=str(CAP),
            job_concurrency="8",
        )
        with RestApi(server.url, server.api_key) as api:
            api.store_many(f"The buoy number {number} is red" for number in range(STORES))
            wait_for(lambda: any(job.get("note") == "skipped_budget" for job in list_jobs(api)), "the cap")
            late = api.post({"content": "One more buoy, a green one"}).json()
            usage = api.send("GET", "/usage").json()["budgets"][0]
            total = api.page()["total"]
        assert server.stop() == 0
    assert total == STORES + 1
    assert late["enrichment"] == "skipped_budget"
    assert 0 < endpoint.used_tokens <= usage["spent_tokens"] <= CAP


def list_jobs(api: RestApi) -> list[dict[str, Any]]:
    return api.send("GET", "/jobs", params={"limit": 50}).json()["jobs"]
