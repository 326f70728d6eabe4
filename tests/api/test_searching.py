"""GET /memories with a query: literal tokens first, scores, odd queries."""

from __future__ import annotations

import pytest

from tests.support.interfaces.rest import RestApi, ids_of, make_mark

LITERALS = [
    "E11000",
    "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
    "TS2345",
    "getUserById",
    "snake_case_name",
    "kebab-case-name",
    "src/mnemo/server/app.py",
    "/etc/nginx/nginx.conf",
    "v2.14.3",
    "10.0.42.7",
    "db-7",
    "0x7ffdeadbeef",
    "ada@example.org",
    "#4711",
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "数据库迁移",
    "Straßenbahn",
    "naïve",
]
NOISE = [
    "We deploy on Fridays only when the error budget allows it",
    "The server app reads its configuration at start",
    "User names are stored in lower case",
    "An error code tells which cipher or version did not match",
    "数据保存在本地",
    "A case of names in kebab or snake style, version 2.14.4, at 10.0.42.8",
]


def said_by(first: str, second: str, *texts: str) -> list[dict]:
    """Messages of two people who speak in turn."""
    return [
        {"role": "user", "name": (first, second)[place % 2], "content": text}
        for place, text in enumerate(texts)
    ]


@pytest.mark.parametrize("literal", LITERALS)
def test_a_literal_token_is_found_first_right_after_the_store(api: RestApi, literal: str):
    api.store_many(NOISE)
    stored = api.store(f"What to know about {literal} is written here")
    api.store("A later memory about something else is written here")
    for query in (literal, f"what do we know about {literal}?"):
        assert ids_of(api.page(q=query)["memories"])[0] == stored["id"], query


def test_scores_fall_and_confidence_follows_them(api: RestApi):
    mark = make_mark()
    api.store(f"{mark} staging database rebuild monday")
    api.store("staging database rebuild on another day with many more words around it")
    api.store("staging is a place")
    hits = api.page(q=f"{mark} staging database rebuild monday")["memories"]
    assert len(hits) == 3
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert [hit["confidence"] for hit in hits] == [round(hit["score"] * 100) for hit in hits]
    assert all(hit["relative_age"] == "just now" for hit in hits)


def test_a_query_of_200000_characters_returns_a_page(api: RestApi):
    mark = make_mark()
    stored = api.store(f"needle {mark}")
    for filler in ("word ", "数据"):
        query = (mark + " " + filler * 200_000)[:200_000]
        answer = api.send("GET", "/memories", params={"q": query})
        assert answer.status_code == 200
        assert ids_of(answer.json()["memories"])[0] == stored["id"]


@pytest.mark.parametrize("query", ["?", "...", "the", "'; --", '"', "%", "\\", "\x00", "🚀", "NOT AND OR *"])
def test_queries_without_a_useful_word_return_a_page(api: RestApi, query: str):
    api.store("The memory that is there")
    assert api.page(q=query)["total"] <= 1


def test_a_blank_query_lists(api: RestApi):
    stored = api.store("x")
    page = api.page(q="  ")
    assert ids_of(page["memories"]) == [stored["id"]]
    assert "score" not in page["memories"][0]


def test_updates_and_deletes_show_in_the_next_search(api: RestApi):
    old, new = make_mark("old"), make_mark("new")
    stored = api.store(f"port {old}")
    assert api.page(q=old)["total"] == 1
    api.put(stored["id"], {"content": f"port {new}"})
    assert (api.page(q=old)["total"], api.page(q=new)["total"]) == (0, 1)
    api.put(stored["id"], {"tags": ["fresh"]})
    assert api.page(q=new, tags="fresh")["total"] == 1
    api.delete(stored["id"])
    assert api.page(q=new)["total"] == 0


def test_tags_are_searched_too(api: RestApi):
    mark = make_mark()
    stored = api.store("Backups run at night", tags=[mark])
    assert ids_of(api.page(q=mark)["memories"]) == [stored["id"]]


def test_other_forms_of_a_word_are_found(api: RestApi):
    stored = api.store("The nightly backups were migrated to another region")
    assert ids_of(api.page(q="migrating a backup")["memories"]) == [stored["id"]]


def test_a_literal_token_stays_first_beside_a_chat_about_its_words(api: RestApi):
    chat = said_by("Ann", "Bob", *["Do we know E11000?", "The unique index error in May, see Oslo 12!"] * 20)
    api.post({"session_id": "s", "messages": chat[2:]})
    stored = api.store("E47110 means that the unique index is missing")
    for query in ("E47110", "when did we see the unique index error E47110 in Oslo?"):
        assert ids_of(api.page(q=query)["memories"])[0] == stored["id"], query


def test_a_search_also_finds_what_was_said_before_and_after(api: RestApi):
    texts = ["Where do you go on holiday?", "To Norway, by the sea", "Nice", "See you", "Bye"]
    api.post({"session_id": "s", "messages": said_by("Ann", "Bob", *texts)})
    page = api.page(q="holiday")
    assert [hit["content"] for hit in page["memories"]][:2] == texts[:2]
    assert page["total"] == 3
    assert api.page(q="holiday", session_id="another")["total"] == 0


def test_pages_of_a_search_are_one_ranking(api: RestApi):
    texts = [f"The deployment number {n} was {('slow', 'fast')[n % 2]}, wasn't it?" for n in range(150)]
    api.post({"session_id": "s", "messages": said_by("Ann", "Bob", *texts)})
    api.store_many([f"Deployment {n} is done" for n in range(20)])
    whole = api.page(q="was the deployment slow", limit=200)
    paged = [hit for page in api.pages(7, q="was the deployment slow") for hit in page["memories"]]
    assert ids_of(paged) == ids_of(whole["memories"])
    assert len(set(ids_of(paged))) == whole["total"] == 170
    scores = [hit["score"] for hit in paged]
    assert scores == sorted(scores, reverse=True)
