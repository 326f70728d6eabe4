"""Any query returns a page, and soon: any characters, any bytes, up to 200,000 of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mnemos_contract.memories import MemoryPage

from tests.support.interfaces.rest import RestApi, make_messages, provision
from tests.support.servers import RunningServer

pytestmark = pytest.mark.timeout(120)

#: Far longer than any response takes here, and short enough to notice one that never comes.
PATIENCE_SECONDS = 10
LONGEST = 200_000
LIMIT = 7

MEMORIES = [
    "We deploy on Fridays when the error budget allows it",
    "E11000 means that the unique index of users is missing",
    "ERR_SSL_VERSION_OR_CIPHER_MISMATCH came from src/gateway/tls_setup.py:42",
    "数据库迁移在星期一进行, キャッシュを消す, 배포는 내일입니다",
    "🚀 launch 👩‍👩‍👧 family 🇳🇴 flag",
    "Quotes: \"double\" 'single' `back` “curly” «French»",
    "SELECT * FROM memories WHERE content LIKE '%x%' OR 1=1; --",
    "NUL \x00 and bell \x07 and escape \x1b[31m",
    "Straße, naïve, ﬁnance, \uff46\uff55\uff4c\uff4c width, Z̴a̷l̶g̸o̵",
    "the of and to in",
    "?",
]
MESSAGES = ["Where did we put the deploy key?", "In the vault, next to E11000"]

FRAGMENTS = [
    *(
        '"',
        "'",
        "`",
        "\\",
        "%",
        "_",
        "*",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "^",
        "~",
        ":",
        ";",
        "--",
        "/*",
        "&",
        "=",
    ),
    *(
        "AND",
        "OR",
        "NOT",
        "NEAR/2",
        "content:",
        "+deploy",
        "-deploy",
        "dep*",
        '"unique index"',
        "$ne",
        "${x}",
    ),
    *(
        "the",
        "of",
        "and",
        "is",
        "don't",
        "can't've",
        "e.g.",
        "deploy",
        "E11000",
        "ERR_SSL",
        "src/gateway/",
        "::",
    ),
    *(
        "数据库",
        "迁",
        "キャッシュ",
        "ｷｬｯｼｭ",
        "배포",
        "ᄇ",
        "ภาษาไทย",
        "שלום",
        "\u202eabc",
        "ﷺ",
        "ǅ",
        "ß",
        "İ",
    ),
    *("🚀", "👩‍👩‍👧", "🇳", "\u200d", "\ufe0f", "a\u0301", "\u0301" * 40, "\ufeff", "\ufffd", "\U0010ffff"),
    *(
        "\x00",
        "\x01",
        "\x1f",
        "\x7f",
        "\x85",
        "\u2028",
        "\r\n",
        "\t",
        " ",
        "",
        "\ud800",
        "\udfff",
        "=",
        "0x8007",
    ),
]
pieces = st.one_of(st.sampled_from(FRAGMENTS), st.text(st.characters(), max_size=8))
queries = st.builds(str.join, st.sampled_from(["", " "]), st.lists(pieces, max_size=12))
long_queries = st.builds(lambda piece: (piece * LONGEST)[:LONGEST], st.text(st.characters(), min_size=1))

careful = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def api(shared_server: RunningServer, embedder: str) -> Iterator[RestApi]:
    """A tenant with memories of every kind."""
    with RestApi(shared_server.url, provision(shared_server.url)) as api:
        api.store_many(MEMORIES)
        api.post({"session_id": "s", "messages": make_messages(*MESSAGES)})
        if embedder != "none":
            assert api.wait_for_model()["embedded"] == len(MEMORIES) + len(MESSAGES)
        api.http.timeout = PATIENCE_SECONDS
        yield api


def check_page(api: RestApi, query: str | bytes) -> None:
    """Check that the response is a page in which every value is possible."""
    q = query.encode("utf-8", "surrogatepass") if isinstance(query, str) else query
    answer = api.send("GET", "/memories", params={"q": q, "limit": LIMIT, "explain": "true"})
    assert answer.status_code == 200, answer.text
    page = MemoryPage.model_validate_json(answer.content)
    assert (page.limit, page.offset) == (LIMIT, 0)
    assert len(page.memories) == min(page.total, LIMIT)
    assert page.total <= len(MEMORIES) + len(MESSAGES)
    assert len({hit.id for hit in page.memories}) == len(page.memories)
    assert {hit.content for hit in page.memories} <= {*MEMORIES, *MESSAGES}
    scores = [hit.score for hit in page.memories if hit.score is not None]
    assert len(scores) in (0, len(page.memories))
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    for hit, score in zip(page.memories, scores, strict=bool(scores)):
        assert hit.confidence == round(100 * score)
        assert sum((hit.explanation or {}).values()) == pytest.approx(score)


@settings(careful, max_examples=200)
@given(queries)
@example("")
@example(" \t\n")
@example("\x00")
@example("the of and to")
@example("\ud800\udfff")
@example("\ud83d\ude80")  # an emoji as two surrogates, as in JavaScript
def test_any_query_returns_a_page(api: RestApi, query: str):
    check_page(api, query)


@settings(careful, max_examples=50)
@given(st.binary(max_size=40))
@example(b"\xff\xfe")
@example(b"deploy \xc3\x28")
def test_bytes_that_are_not_text_return_a_page_too(api: RestApi, query: bytes):
    check_page(api, query)


@settings(careful, max_examples=4)
@given(long_queries)
@example("deploy " * (LONGEST // 7))
@example("a" * LONGEST)
@example("\u0301" * LONGEST)
@example("🚀" * LONGEST)
@example("\x00" * LONGEST)
@example("ERR_SSL::" * (LONGEST // 9))
@example("".join(map(chr, range(0x4E00, 0x4E00 + 20_000))) * 10)
def test_a_query_of_200000_characters_returns_a_page(api: RestApi, query: str):
    check_page(api, query)


def test_the_memories_are_still_found_after_all_these_queries(api: RestApi):
    for text in (*MEMORIES[:4], *MESSAGES):
        assert api.contents(q=text)[0] == text
