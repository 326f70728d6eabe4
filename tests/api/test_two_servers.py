"""Two servers on one database: what one writes is visible to the other at its next request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.interfaces.rest import RestApi, ids_of, make_mark, make_messages
from tests.support.servers import RunningServer


@pytest.fixture
def other(second_server: RunningServer, api: RestApi) -> Iterator[RestApi]:
    """The same tenant through the other server, whose search index is loaded."""
    with RestApi(second_server.url, api.api_key) as other:
        other.page(q="warm up")
        yield other


def test_a_store_is_found_by_the_other_at_its_next_search(api: RestApi, other: RestApi):
    for writer, reader in ((api, other), (other, api)) * 10:
        mark = make_mark()
        stored = writer.store(f"the code is {mark}")
        assert ids_of(reader.page(q=mark)["memories"]) == [stored["id"]]
        assert reader.get(stored["id"]).json() == stored


def test_an_update_is_visible_to_the_other_at_its_next_search(api: RestApi, other: RestApi):
    stored = api.store("the port is unknown")
    for writer, reader in ((api, other), (other, api)) * 5:
        old, new = make_mark("old"), make_mark("new")
        writer.put(stored["id"], {"content": f"the port is {old}", "tags": [old]})
        assert reader.page(q=old, tags=old)["total"] == 1
        writer.put(stored["id"], {"content": f"the port is {new}", "tags": [new]})
        assert (reader.page(q=old)["total"], reader.page(q=new, tags=new)["total"]) == (0, 1)
        assert (reader.page(tags=old)["total"], reader.page(tags=new)["total"]) == (0, 1)


def test_a_delete_is_visible_to_the_other_at_once(api: RestApi, other: RestApi):
    for writer, reader in ((api, other), (other, api)) * 5:
        mark = make_mark()
        stored = writer.store(f"soon gone {mark}")
        assert reader.page(q=mark)["total"] == 1
        writer.delete(stored["id"])
        assert reader.page(q=mark)["total"] == 0
        assert reader.get(stored["id"]).status_code == 404


def test_messages_captured_through_both_are_kept_once(api: RestApi, other: RestApi):
    mark = make_mark()
    api.post({"session_id": "s", "messages": make_messages("hello", mark)})
    answer = other.post({"session_id": "s", "messages": make_messages("hello", mark, "bye")}).json()
    assert (answer["stored"], answer["duplicates"]) == (1, 2)
    for tenant in (api, other):
        assert [one["content"] for one in tenant.messages("s")] == ["hello", mark, "bye"]
        assert sorted(tenant.contents(q=mark)) == sorted(["hello", mark, "bye"])
        assert tenant.contents(q=mark)[0] == mark


def test_an_idempotency_key_is_valid_on_both(api: RestApi, other: RestApi):
    answers = [one.post({"content": "once"}, **{"Idempotency-Key": "k"}) for one in (api, other)]
    assert answers[0].json() == answers[1].json()
    assert api.page()["total"] == 1


def test_many_writes_are_found_without_restarting_anything(api: RestApi, other: RestApi):
    stored = api.store_many(f"bulk row {number}" for number in range(300))
    found = [memory["id"] for page in other.pages(200, q="bulk row") for memory in page["memories"]]
    assert (len(found), set(found)) == (300, set(ids_of(stored)))
    batch = other.send("POST", "/memories/batch-delete", json={"ids": ids_of(stored[:250])})
    assert batch.json() == {"deleted": 250}
    assert api.page(q="bulk row")["total"] == 50
