"""POST /memories: acknowledgements, shapes and refusals that clients of mem9 depend on."""

from __future__ import annotations

import pytest

from tests.support.interfaces.rest import RestApi, make_mark, make_messages

CONTENT = "Backups run at night"
BOTH_SENTENCE = "body: provide either content or messages, not both"
NEITHER_SENTENCE = "content: content or messages required"


@pytest.fixture(params=["v1alpha1", "v1alpha2"])
def any_api(request: pytest.FixtureRequest, api: RestApi, old_api: RestApi) -> RestApi:
    """Both versions of the API, one after the other."""
    return old_api if request.param == "v1alpha1" else api


def test_content_is_acknowledged_with_202_status_id_outcome_and_memory(any_api: RestApi):
    answer = any_api.post({"content": CONTENT})
    body = answer.json()
    assert answer.status_code == 202
    assert (body["status"], body["outcome"]) == ("accepted", "created")
    assert body["id"] == body["memory"]["id"]
    memory = any_api.get(body["id"]).json()
    assert memory == body["memory"]
    assert (memory["memory_type"], memory["state"], memory["version"]) == ("insight", "active", 1)
    assert memory["created_at"] == memory["updated_at"]
    assert not {"tags", "metadata", "source", "agent_id", "session_id", "project"} & memory.keys()


def test_sync_content_returns_200_ok(any_api: RestApi):
    answer = any_api.post({"content": CONTENT, "sync": True})
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert any_api.get(answer.json()["id"]).status_code == 200


@pytest.mark.parametrize("sync", [False, True])
def test_pinned_content_returns_201_with_the_members_of_the_memory(any_api: RestApi, sync: bool):
    answer = any_api.post({"content": CONTENT, "memory_type": " pinned ", "tags": ["a"], "sync": sync})
    body = answer.json()
    assert answer.status_code == 201
    memory = any_api.get(body["id"]).json()
    assert {name: body[name] for name in memory} == memory
    assert (memory["memory_type"], memory["tags"]) == ("pinned", ["a"])
    assert body["outcome"] == "created"


def test_content_is_stored_untrimmed(api: RestApi):
    assert api.get(api.store("  as it came \n")["id"]).json()["content"] == "  as it came \n"


def test_session_and_source_are_kept_with_content(api: RestApi):
    memory = api.store(CONTENT, session_id="s-1", source="wiki")
    assert (memory["session_id"], memory["source"]) == ("s-1", "wiki")


def test_headers_name_agent_project_and_session_unless_the_body_does(api: RestApi):
    headers = {"X-Mnemo-Agent-Id": "codex", "X-Mnemo-Project": "atlas", "X-Mnemo-Session-Id": "s-1"}
    memory = api.post({"content": CONTENT}, **headers).json()["memory"]
    named = {name: memory[name] for name in ("agent_id", "source", "updated_by", "project", "session_id")}
    assert named == {
        "agent_id": "codex",
        "source": "codex",
        "updated_by": "codex",
        "project": "atlas",
        "session_id": "s-1",
    }
    body = {"content": CONTENT, "agent_id": "claude", "project": "borealis", "session_id": "s-2"}
    memory = api.post(body, **headers).json()["memory"]
    assert (memory["agent_id"], memory["project"], memory["session_id"]) == ("claude", "borealis", "s-2")


def test_messages_are_acknowledged_with_202_and_counts(any_api: RestApi):
    body = {"session_id": "s-1", "mode": "smart", "messages": make_messages("one", "two")}
    answer = any_api.post(body)
    assert answer.status_code == 202
    expected = {"status": "accepted", "outcome": "created", "stored": 2, "duplicates": 0, "session_id": "s-1"}
    assert answer.json() == expected
    again = any_api.post(body | {"sync": True})
    assert again.status_code == 200
    assert again.json() == expected | {"status": "ok", "outcome": "duplicate", "stored": 0, "duplicates": 2}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"content": CONTENT, "messages": make_messages("x")}, BOTH_SENTENCE),
        ({}, NEITHER_SENTENCE),
        ({"content": " ", "messages": []}, NEITHER_SENTENCE),
        ({"content": None}, NEITHER_SENTENCE),
        (
            {"messages": make_messages("x"), "memory_type": "pinned"},
            "memory_type: memory_type is only allowed with content, not messages",
        ),
        ({"messages": make_messages("x"), "subject": "s"}, "subject: subject is only allowed with content"),
        (
            {"messages": make_messages("x"), "replaces": "0" * 13},
            "replaces: replaces is only allowed with content",
        ),
        ({"content": CONTENT, "subject": "s" * 201}, "subject: "),
        ({"content": CONTENT, "mode": "smart"}, "body: content mode does not accept mode"),
        ({"content": CONTENT, "memory_type": "gist"}, 'memory_type: unsupported value "gist"'),
        ({"content": "x" * 50_001}, "content: too long (max 50000"),
        ({"content": CONTENT, "tags": ["t"] * 21}, "tags: too many (max 20)"),
        ({"content": 7}, "content: "),
        ({"content": CONTENT, "tags": "a"}, "tags: "),
        ({"content": CONTENT, "tags": [1]}, "tags.0: "),
        ({"messages": [{"role": "user"}]}, "messages.0.content: "),
        ({"messages": [{"role": "user", "content": "x", "seq": -1}]}, "messages.0.seq: "),
        (
            {"messages": [{"role": "user", "content": "x", "created_at": "2026-01-01"}]},
            "messages.0.created_at: ",
        ),
    ],
)
def test_a_bad_body_is_refused_with_a_sentence_that_names_the_field(
    any_api: RestApi, body: dict, sentence: str
):
    answer = any_api.post(body)
    error = answer.json()
    assert (answer.status_code, error["code"]) == (400, "invalid_request")
    assert error["error"].startswith(sentence)
    assert error["fields"]["field"] == sentence.partition(":")[0]
    assert any_api.page()["total"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"no json",
        b'{"content": "\xff\xfe"}',
        b'{"content": "\\ud800"}',
        b'{"content": "x", "metadata": ' + b"[" * 100_000,
        b'{"content": "x", "metadata": ' + b"9" * 10_000 + b"}",
    ],
    ids=["empty", "cut", "text", "no-utf-8", "lone-surrogate", "deep", "huge-number"],
)
def test_a_body_that_is_not_json_is_refused_as_such(any_api: RestApi, body: bytes):
    answer = any_api.send("POST", "/memories", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")
    assert answer.json()["error"].startswith("invalid JSON: ")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"7"])
def test_json_that_is_not_an_object_is_refused(api: RestApi, body: bytes):
    answer = api.send("POST", "/memories", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_unknown_members_are_ignored(api: RestApi):
    assert api.post({"content": CONTENT, "shiny": {"new": True}}).status_code == 202


@pytest.mark.parametrize(
    "metadata",
    [{"a": [1, {"b": None}]}, [], [1, "two"], "text", 0, False, 1.5, 2**53, 10**30, {"": ""}, {"a" * 500: 1}],
)
def test_metadata_may_be_any_json(api: RestApi, metadata: object):
    stored = api.store(CONTENT, metadata=metadata)
    assert api.get(stored["id"]).json()["metadata"] == metadata


def test_metadata_null_is_none(api: RestApi):
    assert "metadata" not in api.store(CONTENT, metadata=None)


def test_tags_are_trimmed_and_kept_once_in_their_order(api: RestApi):
    assert api.store(CONTENT, tags=[" b ", "a", "", "b", "B"])["tags"] == ["b", "a", "B"]


def test_tags_that_differ_in_case_accent_or_trailing_letter_are_different(api: RestApi):
    tags = ["a", "A", "á", "a.", "å"]
    api.store(CONTENT, tags=tags)
    for tag in tags:
        assert api.page(tags=tag)["total"] == 1
    assert api.page(tags="ä")["total"] == 0


def test_one_text_stored_twice_is_one_memory(api: RestApi):
    mark = make_mark()
    first, second = (api.post({"content": mark}).json() for _ in range(2))
    assert (first["outcome"], second["outcome"]) == ("created", "duplicate")
    assert second["memory"] == first["memory"]
    assert api.page(q=mark)["total"] == 1


def test_twenty_tags_of_200_characters_fit(api: RestApi):
    tags = [f"{number:02}" + "ü" * 198 for number in range(20)]
    stored = api.store(CONTENT, tags=tags)
    assert api.get(stored["id"]).json()["tags"] == tags
    assert api.page(tags=tags[19])["total"] == 1
