"""Messages of sessions: stored once each, read back in order, found by searches, never in lists."""

from __future__ import annotations

import pytest

from tests.support.interfaces.rest import RestApi, make_mark, make_messages


def talk(*turns: str) -> list[dict]:
    """Return messages of user and assistant in turn."""
    return [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(turns)]


def test_messages_are_returned_in_the_order_they_were_said(api: RestApi):
    api.post({"session_id": "s", "agent_id": "claude", "messages": talk("one", "two", "three")})
    messages = api.messages("s")
    assert [(one["seq"], one["role"], one["content"]) for one in messages] == [
        (0, "user", "one"),
        (1, "assistant", "two"),
        (2, "user", "three"),
    ]
    first = messages[0]
    assert (first["session_id"], first["agent_id"], first["source"]) == ("s", "claude", "claude")
    assert (first["content_type"], first["tags"], first["state"]) == ("text", [], "active")
    assert {"created_at", "updated_at"} <= first.keys()


def test_overlapping_windows_store_each_message_once(api: RestApi):
    assert api.post({"session_id": "s", "messages": talk("1", "2", "3", "4")}).json()["stored"] == 4
    answer = api.post({"session_id": "s", "messages": talk("3", "4", "5", "6")}).json()
    assert (answer["stored"], answer["duplicates"]) == (2, 2)
    assert [one["content"] for one in api.messages("s")] == ["1", "2", "3", "4", "5", "6"]


def test_the_same_words_said_twice_are_kept_twice(api: RestApi):
    api.post({"session_id": "s", "messages": talk("yes", "ok")})
    api.post({"session_id": "s", "messages": talk("yes", "ok", "yes", "ok")})
    assert [one["content"] for one in api.messages("s")] == ["yes", "ok", "yes", "ok"]


def test_messages_with_a_sequence_number_may_be_sent_in_any_order_and_again(api: RestApi):
    late, early = (
        [{"role": "user", "content": f"m{seq}", "seq": seq} for seq in seqs] for seqs in ((2, 3), (0, 1))
    )
    assert api.post({"session_id": "s", "messages": late}).json()["stored"] == 2
    assert api.post({"session_id": "s", "messages": early}).json()["stored"] == 2
    assert api.post({"session_id": "s", "messages": early + late}).json()["duplicates"] == 4
    assert [one["content"] for one in api.messages("s")] == ["m0", "m1", "m2", "m3"]


def test_a_large_sequence_number_is_accepted_and_one_near_the_integer_limit_is_refused(api: RestApi):
    message = {"role": "user", "content": "far", "seq": 999_999_999}
    assert api.post({"session_id": "s", "messages": [message]}).status_code == 202
    assert api.post({"session_id": "s", "messages": make_messages("next", "last")}).json()["stored"] == 2
    assert [one["seq"] for one in api.messages("s")] == [999_999_999, 1_000_000_000, 1_000_000_001]
    for beyond in (2**31 - 1, 2**31, 10**30):
        answer = api.post({"session_id": "s", "messages": [message | {"seq": beyond}]})
        assert (answer.status_code, answer.json()["fields"]["field"]) == (400, "messages.0.seq")


def test_a_message_may_say_who_spoke_and_when(api: RestApi):
    message = {
        "role": "user",
        "content": "hello",
        "name": "Ada",
        "created_at": "2025-12-24T18:00:00.123456+02:00",
    }
    api.post({"session_id": "s", "messages": [message]})
    held = api.messages("s")[0]
    assert (held["name"], held["created_at"]) == ("Ada", "2025-12-24T16:00:00.123456Z")


def test_messages_without_a_session_get_a_new_one(api: RestApi):
    first = api.post({"messages": make_messages("hello")}).json()["session_id"]
    second = api.post({"messages": make_messages("hello")}).json()["session_id"]
    assert first != second
    assert len(api.messages(first)) == len(api.messages(second)) == 1


def test_sessions_of_two_tenants_never_mix(api: RestApi, new_key):
    with RestApi(api.url, new_key()) as other:
        for tenant, text in ((api, "mine"), (other, "theirs")):
            tenant.post({"session_id": "s", "messages": make_messages(text)})
        assert [one["content"] for one in api.messages("s")] == ["mine"]
        assert [one["content"] for one in other.messages("s")] == ["theirs"]


def test_several_sessions_are_returned_one_by_one_with_the_newest_messages_of_each(api: RestApi):
    for name in ("b", "a"):
        api.post({"session_id": name, "messages": make_messages(*(f"{name}{number}" for number in range(5)))})
    messages = api.messages("b", "a", "unknown", limit_per_session=2)
    assert [one["content"] for one in messages] == ["a3", "a4", "b3", "b4"]


def test_limit_per_session_is_capped_at_500_and_reported(api: RestApi):
    for limit, told in ((None, 500), ("7", 7), ("501", 500), ("999999", 500)):
        query = {"session_id": "s"} | ({} if limit is None else {"limit_per_session": limit})
        answer = api.send("GET", "/session-messages", params=query).json()
        assert answer == {"messages": [], "limit_per_session": told}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({}, "session_id: at least one session_id required"),
        ({"session_id": ""}, "session_id: at least one session_id required"),
        (
            {"session_id": [f"s{number}" for number in range(101)]},
            "session_id: too many session_ids: maximum is 100",
        ),
        ({"session_id": "s", "limit_per_session": "0"}, "limit_per_session: must be a positive integer"),
        ({"session_id": "s", "limit_per_session": "-3"}, "limit_per_session: must be a positive integer"),
        ({"session_id": "s", "limit_per_session": "ten"}, "limit_per_session: must be a positive integer"),
    ],
)
def test_bad_requests_for_messages_are_refused(api: RestApi, query: dict, sentence: str):
    answer = api.send("GET", "/session-messages", params=query)
    assert (answer.status_code, answer.json()["error"]) == (400, sentence)


def test_a_hundred_sessions_and_repeats_may_be_requested_at_once(api: RestApi):
    names = [f"s{number}" for number in range(100)]
    assert api.messages(*names, *names) == []


def test_messages_are_found_by_searches_and_never_listed(api: RestApi):
    mark = make_mark()
    api.post({"session_id": "s", "messages": make_messages(f"the door code is {mark}"), "tags": ["door"]})
    stored = api.store(f"insight about {mark}")
    assert set(api.contents(q=mark)) == {f"the door code is {mark}", f"insight about {mark}"}
    found = api.page(q=mark, memory_type="session")["memories"]
    assert [hit["content"] for hit in found] == [f"the door code is {mark}"]
    assert (found[0]["memory_type"], found[0]["session_id"]) == ("session", "s")
    metadata = found[0]["metadata"]
    assert {name: metadata[name] for name in ("role", "seq", "content_type")} == {
        "role": "user",
        "seq": 0,
        "content_type": "text",
    }
    for query in ({}, {"memory_type": "session"}, {"state": "all"}, {"tags": "door"}, {"session_id": "s"}):
        assert mark not in str([one for one in api.page(**query)["memories"] if one["id"] != stored["id"]])
    assert api.page(memory_type="session") == {"memories": [], "total": 0, "limit": 10, "offset": 0}


def test_a_search_for_the_speaker_finds_the_message(api: RestApi):
    message = {"role": "user", "content": "I moved to Lisbon", "name": "Wilhelmina"}
    api.post({"session_id": "s", "messages": [message, *make_messages("nothing of interest")]})
    assert api.contents(q="what did Wilhelmina do?")[0] == "I moved to Lisbon"


def test_a_long_conversation_is_kept_whole(api: RestApi):
    texts = [f"turn {number}" for number in range(1_200)]
    for start in range(0, 1_200, 300):
        answer = api.post(
            {"session_id": "s", "messages": make_messages(*texts[max(0, start - 20) : start + 300])}
        )
        assert answer.json()["stored"] == 300
    latest = api.messages("s")
    assert [one["content"] for one in latest] == texts[-500:]
    assert api.page(q="turn 7", memory_type="session")["total"] == 1_200


def test_memories_that_a_plugin_added_to_a_prompt_are_not_stored_as_messages(api: RestApi):
    """Clients of mem9 send the prompt as the model saw it."""
    block = "<relevant-memories>\n1. [ops] the mast is oak\n</relevant-memories>"
    talk_of_it = [
        {"role": "user", "content": f"{block}\nIs the sail mended?"},
        {"role": "user", "content": block},
        {"role": "assistant", "content": "  It is.\n"},
    ]
    answer = api.post({"session_id": "s", "messages": talk_of_it}).json()
    assert (answer["stored"], answer["duplicates"]) == (2, 0)
    assert [one["content"] for one in api.messages("s")] == ["Is the sail mended?", "  It is.\n"]
    again = api.post({"session_id": "s", "messages": talk_of_it}).json()
    assert (again["stored"], again["duplicates"]) == (0, 2)
