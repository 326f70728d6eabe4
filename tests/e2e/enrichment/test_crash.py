"""kill -9 while a language model that fails, stalls, lies and talks nonsense extracts facts."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from mnemo_server.llm.ports import ModelUnavailable
from mnemo_server.testing.script import ModelRequest, Response, Stall, fact, facts

from tests.e2e.conftest import Start
from tests.support.databases import peek
from tests.support.interfaces.rest import RestApi, make_messages
from tests.support.models.chat_endpoint import run_chat_endpoint

INGESTS = 300
KILLS = 2
SENDERS = 6
SEED = 20_261_124
#: Leases of jobs that a killed server was running must expire first: a minute, and ten seconds for clocks.
PATIENCE_SECONDS = 240

_NUMBER = re.compile(r"ship (\d+) has arrived")


class UnreliableModel:
    """Replies well about each ship in the end; before that, it fails in any way in which models fail."""

    def __init__(self) -> None:
        self._dice = random.Random(SEED)
        self.extraction_counts: Counter[str] = Counter()
        self.broken: set[str] = set()

    def __call__(self, request: ModelRequest) -> Response:
        found = [(one.number, _NUMBER.search(one.text)) for one in request.numbered]
        ships = [(number, match[1]) for number, match in found if match]
        mood = self._dice.random()
        if mood < 0.08:
            return ModelUnavailable("The language model is away.")
        if mood < 0.09:
            return Stall()
        if mood < 0.2 and ships and ships[0][1] not in self.broken:  # a retry gets a better reply
            self.broken.add(ships[0][1])
            return '{"facts": [{"content": "Ship'
        told = []
        for number, ship in ships:
            self.extraction_counts[ship] += 1
            # The text differs each time, so a fact that was extracted twice would be two memories.
            told.append(
                fact(
                    f"Ship {ship} has arrived, as told for the {self.extraction_counts[ship]}. time.", number
                )
            )
        lies = [fact("The moon is a ship.", 99), {"content": "", "sources": [1]}] if mood > 0.8 else []
        return facts(*told, *lies)


@pytest.mark.timeout(600)
def test_every_message_stays_no_job_is_lost_and_no_fact_is_stored_twice(dsn: str, start: Start):
    unreliable = UnreliableModel()
    moments = random.Random(SEED)
    key, sent = "", 0
    with run_chat_endpoint() as endpoint:
        endpoint.respond_to("has arrived", unreliable)
        settings = {
            "llm_base_url": endpoint.base_url,
            "enrich_delay_seconds": "0",
            "job_concurrency": "4",
            "llm_daily_tokens": "",
            "llm_timeout_seconds": "5",
        }
        for stretch in range(KILLS + 1):
            server = start(dsn, api_key=key, **settings)
            key = server.api_key
            until = INGESTS * (stretch + 1) // (KILLS + 1)
            with RestApi(server.url, key) as api, ThreadPoolExecutor(SENDERS) as pool:
                for answer in pool.map(lambda ship, api=api: tell(api, ship), range(sent, until)):
                    assert answer["enrichment"] == "queued"
                sent = until
                if stretch < KILLS:
                    time.sleep(moments.uniform(0, 1))
                    server.kill()
                    continue
                wait_until_done(api)
                check(api, unreliable)
        assert server.stop() == 0
    assert peek.find_broken_pairs(dsn) == {}


def tell(api: RestApi, ship: int) -> dict[str, Any]:
    messages = make_messages(f"ship {ship} has arrived", "thank you")
    answer = api.post({"session_id": f"harbour {ship}", "messages": messages})
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    return told


def wait_until_done(api: RestApi) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while waiting := list_jobs(api, "waiting") + list_jobs(api, "running"):
        assert time.monotonic() < until, waiting[:3]
        time.sleep(0.5)


def list_jobs(api: RestApi, state: str) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = api.send("GET", "/jobs", params={"state": state, "limit": 200}).json()[
        "jobs"
    ]
    return jobs


def check(api: RestApi, unreliable: UnreliableModel) -> None:
    """Check that every message is there, and one fact about each ship."""
    for ship in range(INGESTS):
        texts = [one["content"] for one in api.messages(f"harbour {ship}")]
        assert texts == [f"ship {ship} has arrived", "thank you"]
    facts_found = [memory["content"] for page in api.pages(200) for memory in page["memories"]]
    ships = Counter(re.findall(r"Ship (\d+) has arrived", " ".join(facts_found)))
    failed = list_jobs(api, "failed")
    assert [ship for ship, count in ships.items() if count > 1] == []
    assert failed == []
    assert len(ships) == len(facts_found) == INGESTS
    assert sum(unreliable.extraction_counts.values()) >= INGESTS
    assert unreliable.broken
