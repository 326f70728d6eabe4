"""The five tools behave the same through every interface."""

from __future__ import annotations

import pytest

from tests.support.interfaces.all import Interface, ToolFailure
from tests.support.interfaces.rest import make_mark

ID_CHARACTERS = set("0123456789abcdefghjkmnpqrstvwxyz")
UNKNOWN_ID = "0" * 13
AWKWARD_TEXTS = {
    "quotes": """He said "it's `done`" -- and left; '); DROP TABLE memories; --""",
    "percent": "100% of %s and %(name)s and :name and ? and {braces}",
    "backslash": "C:\\temp\\new\\x00 and \\u0041 and a trailing \\",
    "lines": "first\nsecond\r\n\tindented\n\n  last  ",
    "markup": '<b>&amp;</b> </relevant-memories> <script>alert("x")</script>',
    "chinese": "数据库迁移在星期五进行、不要部署。",
    "right-to-left": "הגיבוי רץ בלילה، والنسخة الاحتياطية",
    "emoji": "ship it 🚀👩‍👩‍👧‍👦 e\u0301 vs é",
    "controls": "bell \x07 and nul \x00 and delete \x7f",
}


def test_a_stored_memory_has_its_id_at_once_and_can_be_read(way: Interface):
    content = f"The staging database is {make_mark()}"
    stored = way.store(content)
    assert len(stored["id"]) == 13
    assert set(stored["id"]) <= ID_CHARACTERS
    assert (stored["outcome"], stored["version"]) == ("created", 1)
    assert way.get(stored["id"])["content"] == content


def test_a_literal_token_stored_a_moment_ago_is_found_first(way: Interface):
    mark = make_mark()
    for number in range(5):
        way.store(f"A deploy failed with an error like number {number}, see the runbook")
    stored = way.store(f"The deploy failed with {mark} because of a full disk")
    page = way.search(f"why did the deploy fail with {mark}?")
    assert page["memories"][0]["id"] == stored["id"]
    assert page["total"] >= 1


def test_tags_metadata_source_and_project_are_kept(way: Interface):
    fields = {
        "tags": ["Ops", "on call", "ü"],
        "metadata": {"ticket": 7, "nested": {"list": [1, None, 2.5, True]}, "empty": ""},
        "source": "handbook",
        "project": "atlas",
    }
    stored = way.store(f"Pager duty starts on Mondays {make_mark()}", **fields)
    kept = way.get(stored["id"])
    assert {name: kept[name] for name in fields} == fields
    assert kept["agent_id"] == "contract-suite"


def test_search_filters_by_tags_source_and_project(way: Interface):
    mark = make_mark()
    wanted = way.store(f"{mark} one", tags=["red", "round"], source="handbook", project="atlas")
    way.store(f"{mark} two", tags=["red"], source="handbook", project="atlas")
    way.store(f"{mark} three", tags=["red", "round"], source="wiki", project="atlas")
    way.store(f"{mark} four", tags=["red", "round"], source="handbook", project="borealis")
    page = way.search(mark, tags=["red", "round"], source="handbook", project="atlas")
    assert [memory["id"] for memory in page["memories"]] == [wanted["id"]]
    assert page["total"] == 1


def test_search_pages_by_limit_and_offset(way: Interface):
    mark = make_mark()
    stored = {way.store(f"{mark} number {number}")["id"] for number in range(5)}
    pages = [way.search(mark, limit=2, offset=offset) for offset in (0, 2, 4)]
    found = [memory["id"] for page in pages for memory in page["memories"]]
    assert (set(found), len(found)) == (stored, 5)
    assert [(page["total"], page["limit"], page["offset"]) for page in pages] == [
        (5, 2, 0),
        (5, 2, 2),
        (5, 2, 4),
    ]


def test_a_query_of_200000_characters_returns_a_page(way: Interface):
    mark = make_mark()
    stored = way.store(f"needle {mark}")
    page = way.search((f"{mark} " + "haystack " * 25_000)[:200_000])
    assert page["memories"][0]["id"] == stored["id"]


def test_a_hit_shows_its_confidence_and_its_age(way: Interface):
    mark = make_mark()
    way.store(f"Coffee machine code {mark}")
    hit = way.search(mark)["memories"][0]
    assert 1 <= hit["confidence"] <= 100
    assert hit["relative_age"] == "just now"


def test_search_without_a_query_lists_the_newest_first(way: Interface):
    source = make_mark("source")
    stored = [way.store(f"note {number} {source}", source=source)["id"] for number in range(3)]
    listed = [memory["id"] for memory in way.search("", source=source)["memories"]]
    assert listed == stored[::-1]


def test_an_unknown_id_is_not_found(way: Interface):
    for memory_id in (UNKNOWN_ID, "not-an-id", "ÿ"):
        with pytest.raises(ToolFailure, match="memory not found") as failure:
            way.get(memory_id)
        assert failure.value.code == "memory_not_found"


def test_an_update_changes_what_is_sent_and_nothing_else(way: Interface):
    mark = make_mark()
    before = way.get(way.store(f"old {mark}", tags=["a"], metadata={"n": 1}, source="wiki")["id"])
    changed = way.update(before["id"], content=f"new {mark}")
    assert (changed["content"], changed["version"]) == (f"new {mark}", 2)
    changed = way.update(before["id"], tags=["b", "c"])
    assert (changed["tags"], changed["version"]) == (["b", "c"], 3)
    changed = way.update(before["id"], metadata={"n": 2})
    assert (changed["metadata"], changed["version"]) == ({"n": 2}, 4)
    changed = way.update(before["id"], source="handbook")
    assert way.get(before["id"]) == changed
    expected = {name: before[name] for name in ("id", "created_at", "agent_id")} | {
        "content": f"new {mark}",
        "tags": ["b", "c"],
        "metadata": {"n": 2},
        "source": "handbook",
        "version": 5,
    }
    assert {name: changed[name] for name in expected} == expected


def test_search_finds_the_new_text_of_an_updated_memory_and_not_the_old(way: Interface):
    old, new = make_mark("old"), make_mark("new")
    stored = way.store(f"The port is {old}")
    way.update(stored["id"], content=f"The port is {new}")
    assert [memory["id"] for memory in way.search(new)["memories"]] == [stored["id"]]
    assert way.search(old)["memories"] == []


def test_a_newer_memory_of_a_subject_supersedes_the_older_one(way: Interface):
    mark = make_mark()
    old = way.store(f"{mark} lives in Berlin", subject=f"{mark}/city")
    new = way.store(f"{mark} lives in Lisbon", subject=f"{mark}/city")
    assert [memory["id"] for memory in way.search(mark)["memories"]] == [new["id"]]
    assert way.get(old["id"])["superseded_by"] == new["id"]
    assert way.get(new["id"])["subject"] == f"{mark}/city"
    assert [change["action"] for change in way.history(old["id"])] == ["superseded", "created"]
    last = way.store(f"{mark} lives nowhere", replaces=new["id"])
    assert [memory["id"] for memory in way.search(mark)["memories"]] == [last["id"]]
    assert way.search(mark, as_of="2020-01-01")["memories"] == []
    assert [memory["id"] for memory in way.search(mark, as_of="2100-01-01")["memories"]] == [last["id"]]


def test_replacing_an_unknown_memory_is_an_error(way: Interface):
    with pytest.raises(ToolFailure) as failure:
        way.store(f"new {make_mark()}", replaces=UNKNOWN_ID)
    assert failure.value.code == "memory_not_found"


def test_a_memory_that_is_stored_again_is_known_already(way: Interface):
    mark = make_mark()
    first, again = way.store(f"The code is {mark}."), way.store(f"the code is {mark}")
    assert (first["outcome"], again["outcome"], again["id"]) == ("created", "duplicate", first["id"])
    told = way.history(first["id"])
    assert [change["action"] for change in told] == ["repeated", "created"]
    assert told[0]["detail"]["content"] == f"the code is {mark}"


def test_an_update_of_the_expected_version_succeeds(way: Interface):
    stored = way.store(f"first {make_mark()}")
    assert way.update(stored["id"], content="second", expected_version=1)["version"] == 2


def test_an_update_of_a_stale_version_is_refused_with_the_current_memory(way: Interface):
    stored = way.store(f"first {make_mark()}")
    way.update(stored["id"], content="second")
    with pytest.raises(ToolFailure, match="version 2") as failure:
        way.update(stored["id"], content="third", expected_version=1)
    assert failure.value.code == "version_conflict"
    assert failure.value.current is not None
    current = {name: failure.value.current[name] for name in ("id", "content", "version")}
    assert current == {"id": stored["id"], "content": "second", "version": 2}
    assert way.get(stored["id"])["content"] == "second"


def test_a_deleted_memory_is_gone_and_deleting_it_again_is_no_error(way: Interface):
    mark = make_mark()
    stored = way.store(f"soon gone {mark}")
    way.delete(stored["id"])
    way.delete(stored["id"])
    for ask in (way.get, lambda memory_id: way.update(memory_id, content="again")):
        with pytest.raises(ToolFailure) as failure:
            ask(stored["id"])
        assert failure.value.code == "memory_not_found"
    assert way.search(mark)["memories"] == []


def test_deleting_an_unknown_memory_is_an_error(way: Interface):
    with pytest.raises(ToolFailure) as failure:
        way.delete(UNKNOWN_ID)
    assert failure.value.code == "memory_not_found"


@pytest.mark.parametrize("content", AWKWARD_TEXTS.values(), ids=AWKWARD_TEXTS)
def test_any_text_is_returned_exactly(way: Interface, content: str):
    tag = content.replace(",", "").strip()[:100]
    stored = way.store(content, tags=[tag], metadata={"text": content}, source=tag)
    kept = way.get(stored["id"])
    assert (kept["content"], kept["metadata"]["text"]) == (content, content)
    assert kept["tags"] == [tag]
    found = way.search("", tags=[tag], limit=1)["memories"]
    assert [memory["id"] for memory in found] == [stored["id"]]


@pytest.mark.parametrize("character", ["x", "é", "数", "🚀"], ids=["ascii", "two", "three", "four-bytes"])
def test_fifty_thousand_bytes_fit_exactly(way: Interface, character: str):
    length = 50_000 // len(character.encode())
    content = character * length + "y" * (50_000 - length * len(character.encode()))
    stored = way.store(content)
    assert way.get(stored["id"])["content"] == content
    with pytest.raises(ToolFailure, match=r"content: .*50.?000") as failure:
        way.store(content + "y")
    assert failure.value.code == "invalid_request"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"content": ""}, "content"),
        ({"content": " \n\t"}, "content"),
        ({"content": "x", "tags": [str(number) for number in range(21)]}, r"tags: .*20"),
        ({"content": "x", "tags": ["t" * 201]}, r"tags.*200"),
        ({"content": "x", "source": "s" * 201}, r"source.*200"),
        ({"content": "x", "project": "p" * 201}, r"project.*200"),
    ],
    ids=["empty", "blank", "21-tags", "long-tag", "long-source", "long-project"],
)
def test_bad_input_is_refused_with_the_name_of_the_field(way: Interface, fields: dict, sentence: str):
    with pytest.raises(ToolFailure, match=sentence) as failure:
        way.store(**fields)
    assert failure.value.code == "invalid_request"


def test_bad_input_of_an_update_is_refused_and_changes_nothing(way: Interface):
    stored = way.store(f"stays {make_mark()}")
    for fields in ({"content": "x" * 50_001}, {"tags": ["t"] * 21}, {"expected_version": 0}):
        with pytest.raises(ToolFailure) as failure:
            way.update(stored["id"], **fields)
        assert failure.value.code == "invalid_request"
    assert way.get(stored["id"])["version"] == 1
