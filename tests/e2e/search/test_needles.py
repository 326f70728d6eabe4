"""A code that one memory of a hundred thousand contains is found first, as soon as its store returns."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.databases.engines import ENGINES, LIVE, SQLITE, empty_database
from tests.support.databases.filler import Filler
from tests.support.interfaces.rest import RestApi
from tests.support.models.embedding_endpoint import open_endpoint
from tests.support.servers import RunningServer, start_server

pytestmark = pytest.mark.timeout(240)  # most of it is for filling the database

#: Memories around the needles; a live database takes longer to fill.
ROWS = {SQLITE: 100_000, LIVE: 30_000}
#: Number of different texts among them.
TEXTS = 5_000
LOCAL_ROWS = 5_000
LOCAL_TEXTS = 250
#: Needles of each kind.
EACH = 10
#: A text that begins with this gets no vector while the test runs.
HANGING = "Resolved:"

QUESTIONS = (
    "{}",
    "what did we do about {} in the deploy",
    "Where have you seen {} before? It came back after the rollback of the staging database last week",
)
#: Of every hundred memories, this many contain all words of one of the questions, with another code.
ALIKE = 3
WORDS = [
    *(
        "invoice",
        "mobile",
        "button",
        "colour",
        "customer",
        "report",
        "holiday",
        "budget",
        "printer",
        "window",
    ),
    *("email", "meeting", "coffee", "garden", "school", "ticket", "market", "river", "summer", "kitchen"),
    *("music", "doctor", "family", "travel", "camera", "letter", "number", "person", "street", "weather"),
]
NAMES = [
    *("user", "session", "token", "cache", "index", "query", "worker", "queue", "event", "order", "price"),
    *("image", "route", "proxy", "limit", "quota", "fetch", "parse", "merge", "build", "check", "state"),
]
KINDS = (
    lambda draw: f"E{draw.randrange(1_000, 10_000)}",
    lambda draw: f"0x8007{draw.randrange(65_536):04X}",
    lambda draw: "_".join(draw.choices(NAMES, k=3)),
    lambda draw: "src/{}/{}_{}.py".format(*draw.choices(NAMES, k=3)),
    lambda draw: "ERR_" + "_".join(draw.choices(NAMES, k=3)).upper(),
)


@dataclass
class Hay:
    """Two servers on one full database: `plain` has no model, that of `knowing` has embedded all the hay."""

    plain: RunningServer
    knowing: RunningServer


def make_hay(count: int) -> list[str]:
    """Return texts that each contain a code like a needle; some resemble a question, the rest don't."""
    draw = random.Random(1)
    texts = []
    for number in range(count):
        code = draw.choice(KINDS)(draw)
        words = " ".join([*draw.choices(WORDS, k=8), code, *draw.choices(WORDS, k=4)])
        texts.append(draw.choice(QUESTIONS).format(code) if number % 100 < ALIKE else words)
    return texts


def make_needles(seed: str) -> list[str]:
    """Return codes of every kind that the hay doesn't contain."""
    draw = random.Random(seed)
    taken = {word.casefold() for text in make_hay(TEXTS) for word in text.split()}
    needles: list[str] = []
    for kind in KINDS:
        drawn = dict.fromkeys(kind(draw) for _ in range(20 * EACH))
        needles += [code for code in drawn if code.casefold() not in taken][:EACH]
    return needles


@pytest.fixture(scope="module", params=ENGINES)
def hay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hay]:
    """All the hay, with a model that returns no vector for texts that begin with `HELD`."""
    folder = tmp_path_factory.mktemp("hay")
    with ExitStack() as stack:
        dsn = stack.enter_context(empty_database(request.param, request, folder))
        endpoint = stack.enter_context(open_endpoint())
        plain = start_server(folder / "plain", dsn)
        stack.callback(plain.kill)
        texts = make_hay(TEXTS)
        filler = Filler(texts, endpoint.model, endpoint.embed(texts))
        filler.write(dsn, plain.api_key, ROWS[request.param])
        endpoint.hanging_word = HANGING
        knowing = start_server(folder / "knowing", dsn, api_key=plain.api_key, **endpoint.settings)
        stack.callback(knowing.kill)
        yield Hay(plain, knowing)


@pytest.fixture
def hay_of_the_local_model(tmp_path: Path) -> Iterator[Hay]:
    """Less hay, since the model needs time; SQLite only, since engines rank the same."""
    dsn = f"sqlite:///{tmp_path / 'memories.db'}"
    with ExitStack() as stack:
        plain = start_server(tmp_path / "plain", dsn)
        stack.callback(plain.kill)
        Filler.read_locally(make_hay(LOCAL_TEXTS)).write(dsn, plain.api_key, LOCAL_ROWS)
        knowing = start_server(tmp_path / "knowing", dsn, api_key=plain.api_key, embedder="local")
        stack.callback(knowing.kill)
        yield Hay(plain, knowing)


def check_needles(writer: RestApi, reader: RestApi, seed: str, signs: set[str]) -> None:
    """Store needles, and find each at once by every question; the last page has hits by all of `signs`."""
    needles = make_needles(seed)
    assert len(needles) == len(KINDS) * EACH
    for needle in needles:
        stored = writer.store(f"{HANGING} {needle} was a stale lock. Removing it by hand is safe.")
        for question in (form.format(needle) for form in QUESTIONS):
            page = reader.page(q=question, explain=True)
            assert page["memories"][0]["id"] == stored["id"], (question, page["memories"][:2])
        assert page["total"] > len(needles)
        assert signs <= {sign for hit in page["memories"] for sign in hit["explanation"]}


def test_a_code_is_found_first_right_after_its_store(hay: Hay):
    with RestApi(hay.plain.url, hay.plain.api_key) as api:
        check_needles(api, api, "plain", {"keywords"})


def test_a_code_is_found_first_before_it_has_a_vector_where_everything_else_has_one(hay: Hay):
    with RestApi(hay.knowing.url, hay.knowing.api_key) as api:
        before = api.wait_for_model(pending=len(KINDS) * EACH)
        check_needles(api, api, "knowing", {"keywords", "vector"})
        after = api.embedding()
    assert after["pending"] == before["pending"] + len(KINDS) * EACH


def test_a_code_is_found_first_before_the_local_model_has_embedded_it(hay_of_the_local_model: Hay):
    """A server leaves the new rows of another server alone for some seconds, so they have no vector yet."""
    plain, knowing = hay_of_the_local_model.plain, hay_of_the_local_model.knowing
    with RestApi(plain.url, plain.api_key) as writer, RestApi(knowing.url, knowing.api_key) as reader:
        assert reader.wait_for_model()["embedded"] == LOCAL_ROWS
        check_needles(writer, reader, "local", {"keywords", "meaning", "vector"})
