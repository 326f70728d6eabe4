"""GET /memories without a query: pages, limits, order and every filter."""

from __future__ import annotations

import pytest

from tests.support.interfaces.rest import RestApi, ids_of

LIMITS = {
    None: 10,
    "1": 1,
    "200": 200,
    "201": 200,
    "100000": 200,
    "0": 10,
    "-5": 10,
    "ten": 10,
    "": 10,
    "9" * 30: 200,
}


@pytest.mark.parametrize(("limit", "used"), LIMITS.items())
def test_the_limit_is_read_leniently_and_reported(api: RestApi, limit: str | None, used: int):
    query = {} if limit is None else {"limit": limit}
    assert api.page(**query) == {"memories": [], "total": 0, "limit": used, "offset": 0}


@pytest.mark.parametrize(
    ("offset", "used"), [("3", 3), ("-1", 0), ("x", 0), ("", 0), ("1000000000", 1_000_000_000)]
)
def test_the_offset_is_read_leniently_and_reported(api: RestApi, offset: str, used: int):
    assert api.page(offset=offset)["offset"] == used
    assert api.page(offset=offset, q="anything")["offset"] == used


@pytest.mark.parametrize("query", [{}, {"q": "note"}], ids=["list", "search"])
def test_an_offset_beyond_every_number_returns_an_empty_page(api: RestApi, query: dict):
    api.store("note")
    page = api.page(offset="9" * 30, **query)
    assert (page["memories"], page["total"]) == ([], 1)


def test_paging_over_a_thousand_fresh_rows_returns_each_once_newest_first(api: RestApi):
    stored = api.store_many(f"row {number}" for number in range(1_000))
    pages = list(api.pages(200))
    listed = [memory for page in pages for memory in page["memories"]]
    assert {page["total"] for page in pages} == {1_000}
    assert len(listed) == 1_000
    assert set(ids_of(listed)) == set(ids_of(stored))
    keys = [(memory["updated_at"], memory["id"]) for memory in listed]
    assert keys == sorted(keys, reverse=True)
    found = [memory["id"] for page in api.pages(200, q="row") for memory in page["memories"]]
    assert (len(found), set(found)) == (1_000, set(ids_of(stored)))


def test_an_update_moves_a_memory_to_the_top(api: RestApi):
    first, second = api.store("first"), api.store("second")
    assert ids_of(api.page()["memories"]) == [second["id"], first["id"]]
    api.put(first["id"], {})
    assert ids_of(api.page()["memories"]) == [first["id"], second["id"]]


def test_listed_rows_carry_their_age_and_no_score(api: RestApi):
    api.store("x")
    row = api.page()["memories"][0]
    assert row["relative_age"] == "just now"
    assert not {"score", "confidence"} & row.keys()


@pytest.fixture
def sample(api: RestApi) -> dict[str, str]:
    """Five memories that differ in every field that can be filtered; ids by name."""
    rows = {
        "base": {"tags": ["red", "round"], "source": "wiki", "agent_id": "claude", "project": "atlas"},
        "square": {"tags": ["red", "square"], "source": "wiki", "agent_id": "codex", "session_id": "s-1"},
        "blue": {"tags": ["blue"], "source": "chat", "agent_id": "claude", "session_id": "s-1"},
        "pinned": {"tags": ["red"], "source": "wiki", "agent_id": "claude", "memory_type": "pinned"},
        "bare": {},
    }
    return {name: api.post({"content": f"note {name}", **row}).json()["id"] for name, row in rows.items()}


FILTERS = [
    ({}, "base square blue pinned bare"),
    ({"tags": "red"}, "base square pinned"),
    ({"tags": "red,round"}, "base"),
    ({"tags": " red , round "}, "base"),
    ({"tags": "red,blue"}, ""),
    ({"tags": ",,"}, "base square blue pinned bare"),
    ({"tags": "Red"}, ""),
    ({"tags_any": "round, blue"}, "base blue"),
    ({"tags": "red", "tags_any": "round,square"}, "base square"),
    ({"source": "wiki"}, "base square pinned"),
    ({"source": "WIKI"}, ""),
    ({"agent_id": "claude"}, "base blue pinned"),
    ({"session_id": "s-1"}, "square blue"),
    ({"project": "atlas"}, "base"),
    ({"memory_type": "pinned"}, "pinned"),
    ({"memory_type": "insight"}, "base square blue bare"),
    ({"memory_type": "insight, pinned"}, "base square blue pinned bare"),
    ({"memory_type": "nonsense"}, ""),
    ({"state": "active"}, "base square blue pinned bare"),
    ({"agent_id": "claude", "source": "wiki", "tags": "red", "memory_type": "insight"}, "base"),
    ({"agent_id": "claude", "session_id": "s-1", "tags_any": "blue", "source": "chat"}, "blue"),
    ({"agent_id": "claude", "project": "atlas", "tags": "square"}, ""),
    ({"source": "", "agent_id": "", "session_id": "", "project": ""}, "base square blue pinned bare"),
]


@pytest.mark.parametrize(("query", "names"), FILTERS, ids=[str(query) for query, _ in FILTERS])
def test_filters_combine_in_lists_and_in_searches(
    api: RestApi, sample: dict[str, str], query: dict, names: str
):
    expected = {sample[name] for name in names.split()}
    listed, found = api.page(**query), api.page(q="note", **query)
    assert set(ids_of(listed["memories"])) == set(ids_of(found["memories"])) == expected
    assert listed["total"] == found["total"] == len(expected)


def test_states_can_be_listed_separately_and_together(api: RestApi, sample: dict[str, str]):
    gone = sample.pop("blue")
    api.delete(gone)
    assert set(ids_of(api.page()["memories"])) == set(sample.values())
    assert ids_of(api.page(state="deleted")["memories"]) == [gone]
    assert set(ids_of(api.page(state="all")["memories"])) == {*sample.values(), gone}
    assert api.page(state="archived")["total"] == 0
    assert api.page(state="unheard-of")["total"] == 0
    assert ids_of(api.page(state="all", tags="blue")["memories"]) == [gone]
    assert gone not in ids_of(api.page(q="note", state="all")["memories"])


def test_a_search_in_another_state_is_refused(api: RestApi):
    answer = api.send("GET", "/memories", params={"q": "note", "state": "deleted"})
    assert (answer.status_code, answer.json()["fields"]["field"]) == (400, "state")


def test_one_tenant_never_sees_memories_of_another(api: RestApi, new_key):
    mine = api.store("shared words")
    with RestApi(api.url, new_key()) as other:
        assert other.page()["total"] == other.page(q="shared words")["total"] == 0
        for answer in (other.get(mine["id"]), other.put(mine["id"], {}), other.delete(mine["id"])):
            assert (answer.status_code, answer.json()["code"]) == (404, "memory_not_found")
        batch = other.send("POST", "/memories/batch-delete", json={"ids": [mine["id"]]})
        assert batch.json() == {"deleted": 0}
    assert api.get(mine["id"]).json()["version"] == 1
