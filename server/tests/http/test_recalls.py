"""Recall over HTTP with the packaged model: which memories are shown, which aren't, and the records."""

from __future__ import annotations

import asyncio

import pytest

RECALL, RECALLS = "/v1alpha2/mem9s/recall", "/v1alpha2/mem9s/recalls"
MEMORIES, EMBEDDING = "/v1alpha2/mem9s/memories", "/v1alpha2/mem9s/embedding"
CONVERSATION = [
    (
        "user",
        "Let's set up the importer. Amounts are integer cents, never floats, in the database and in code.",
    ),
    ("assistant", "Understood: amounts are integers. I created the importer package and its tests."),
    ("user", "ok, do that"),
    ("user", "The importer listens on port 9410; 8080 was taken by the proxy."),
    ("assistant", "Changed the importer's port to 9410 in compose.yaml and in the README."),
    ("user", "thanks, looks good"),
]


async def store_messages(
    app, session: str, *messages: tuple[str, str], project: str = "ledger", day: str = "2026-03-03"
) -> None:
    """Store messages of a session."""
    items = [
        {"role": role, "content": content, "seq": seq, "created_at": f"{day}T10:00:00Z"}
        for seq, (role, content) in enumerate(messages)
    ]
    body = {"session_id": session, "project": project, "messages": items, "sync": True}
    status, response, _ = await app.call("POST", MEMORIES, json=body)
    assert status == 200, response


async def wait_for_embeddings(app) -> None:
    """Wait until every memory is embedded."""
    async with asyncio.timeout(60):
        while True:
            _, status, _ = await app.call("GET", EMBEDDING)
            if status["state"] == "ready" and not status["pending"]:
                return
            await asyncio.sleep(0.05)


async def recall(app, prompt: str | None = None, **fields) -> dict:
    body = {"project": "ledger", "session_id": "now"} | fields
    if prompt is not None:
        body["prompt"] = prompt
    status, response, _ = await app.call("POST", RECALL, json=body)
    assert status == 200, response
    return response


def texts(block: dict) -> list[str]:
    return [line["text"] for line in block["lines"]]


@pytest.fixture
async def app_with_memories(open_app):
    """An application with the messages of one session."""
    app = await open_app(embedder_kind="local")
    await store_messages(app, "earlier", *CONVERSATION)
    await wait_for_embeddings(app)
    return app


@pytest.mark.parametrize(
    ("prompt", "word"),
    [
        ("add a column for the discount to the importer's table", "integer cents"),
        ("start the importer in the container and check that its port is open", "9410"),
        ("/review the importer's port in compose.yaml", "9410"),
        ("Is the importer's port 9410?", "9410"),
    ],
)
async def test_relevant_messages_are_shown_in_a_later_session(app_with_memories, prompt, word):
    block = (await recall(app_with_memories, prompt))["prompt"]

    assert any(word in text for text in texts(block)), block


@pytest.mark.parametrize(
    "prompt",
    [
        "what is the capital of Mongolia?",
        "write a haiku about autumn rain",
        "how do I undo the last git commit but keep the changes?",
        "thanks, that was all for today",
    ],
)
async def test_nothing_is_shown_for_an_unrelated_prompt(app_with_memories, prompt):
    response = await recall(app_with_memories, prompt)

    assert response["prompt"]["lines"] == []
    assert response["prompt"]["silence"] in ("nothing_near", "not_needed")


async def test_a_line_contains_id_day_and_speaker(app_with_memories):
    line = (await recall(app_with_memories, "which port does the importer listen on?"))["prompt"]["lines"][0]

    assert line["text"].startswith(f"- [{line['memory_id']}, 2026-03-03, ")


async def test_lines_already_shown_are_not_repeated(app_with_memories):
    prompt = "which port does the importer listen on?"
    first = (await recall(app_with_memories, prompt))["prompt"]

    second = (await recall(app_with_memories, prompt, shown=[line["key"] for line in first["lines"]]))[
        "prompt"
    ]

    assert first["lines"]
    assert not set(texts(first)) & set(texts(second))


async def test_the_same_request_returns_the_same_lines(app_with_memories):
    first, second = [
        await recall(app_with_memories, "which port does the importer listen on?", begins=True)
        for _ in range(2)
    ]

    assert (first["session"], first["prompt"]) == (second["session"], second["prompt"])


async def test_the_current_session_is_not_recalled(app_with_memories):
    block = (
        await recall(app_with_memories, "which port does the importer listen on?", session_id="earlier")
    )["prompt"]

    assert (block["lines"], block["silence"]) == ([], "shown_already")


async def test_other_projects_can_be_excluded(app_with_memories):
    prompt = "which port does the importer listen on?"

    elsewhere = await recall(app_with_memories, prompt, project="boat", only_project=True)

    assert elsewhere["prompt"]["lines"] == []


async def test_a_deleted_memory_is_never_shown(app_with_memories):
    line = (await recall(app_with_memories, "which port does the importer listen on?"))["prompt"]["lines"][0]
    await app_with_memories.call("DELETE", f"{MEMORIES}/{line['memory_id']}")

    after = (await recall(app_with_memories, "which port does the importer listen on?"))["prompt"]

    assert line["memory_id"] not in [record["memory_id"] for record in after["lines"]]


async def test_a_session_begins_with_pinned_memories_rules_and_the_end_of_the_last_session(app_with_memories):
    await app_with_memories.call(
        "POST",
        MEMORIES,
        json={"content": "Ask Halina before a release.", "memory_type": "pinned", "project": "ledger"},
    )
    await wait_for_embeddings(app_with_memories)

    block = (await recall(app_with_memories, begins=True))["session"]

    assert "Ask Halina" in texts(block)[0]
    assert any("never floats" in text for text in texts(block))
    assert any("Changed the importer's port" in text for text in texts(block))
    assert not any("ok, do that" in text or "looks good" in text for text in texts(block))


async def test_without_memories_a_session_begins_with_nothing(open_app):
    app = await open_app()

    response = await recall(app, "which port does the importer listen on?", begins=True)

    assert response["session"] == {"lines": [], "silence": "nothing_stored"}
    assert response["prompt"] == {"lines": [], "silence": "nothing_stored"}


@pytest.mark.parametrize("prompt", ["ok", "/compact", "?!"])
async def test_a_prompt_without_a_question_has_its_own_silence_reason(app_with_memories, prompt):
    assert (await recall(app_with_memories, prompt))["prompt"] == {"lines": [], "silence": "no_question"}


async def test_without_a_model_keywords_decide(open_app):
    app = await open_app()
    await store_messages(app, "earlier", *CONVERSATION)

    block = (await recall(app, "which port does the importer listen on?"))["prompt"]

    assert any("9410" in text for text in texts(block))


async def test_max_tokens_limits_the_block(app_with_memories):
    block = (await recall(app_with_memories, "which port does the importer listen on?", max_tokens=45))[
        "prompt"
    ]

    assert len(block["lines"]) == 1


async def test_a_recall_can_be_read_afterwards(app_with_memories):
    response = await recall(app_with_memories, "which port does the importer listen on?")
    silent = await recall(app_with_memories, "what is the capital of Mongolia?")
    await app_with_memories.services.recall_journal.settle()

    _, page, _ = await app_with_memories.call("GET", RECALLS)
    _, record, _ = await app_with_memories.call("GET", f"{RECALLS}/{response['recall_id']}")
    _, silent_page, _ = await app_with_memories.call("GET", f"{RECALLS}?silent=true&session_id=now")

    assert [found["id"] for found in page["recalls"]] == [silent["recall_id"], response["recall_id"]]
    assert [found["id"] for found in silent_page["recalls"]] == [silent["recall_id"]]
    assert record["prompt"] == "which port does the importer listen on?"
    shown = [memory["memory_id"] for memory in record["memories"] if "left_out" not in memory]
    assert shown == [line["memory_id"] for line in response["prompt"]["lines"]]
    assert all(memory["content"] for memory in record["memories"])
    assert silent_page["recalls"][0]["silence"] == silent["prompt"]["silence"]


async def test_a_record_contains_no_secret(app_with_memories):
    secret = "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
    response = await recall(
        app_with_memories, f"deploy the importer with {secret}", session_id=f"s-{secret}", project=secret
    )
    await app_with_memories.services.recall_journal.settle()

    _, record, _ = await app_with_memories.call("GET", f"{RECALLS}/{response['recall_id']}")

    assert secret not in str(record)
    assert "[redacted:" in record["prompt"]


async def test_records_can_be_turned_off(open_app):
    app = await open_app(recall_days=0)

    response = await recall(app, "which port does the importer listen on?")
    await app.services.recall_journal.settle()
    _, page, _ = await app.call("GET", RECALLS)

    assert "recall_id" not in response
    assert page == {"recalls": []}


@pytest.mark.parametrize("recall_id", ["0000000000001", "nonsense"])
async def test_an_unknown_recall_is_not_found(app_with_memories, recall_id):
    status, response, _ = await app_with_memories.call("GET", f"{RECALLS}/{recall_id}")

    assert (status, response["code"]) == (404, "recall_not_found")


@pytest.mark.parametrize(
    "body", [{}, {"begins": False}, {"prompt": "x" * 20_001}, {"prompt": "x", "shown": ["k"] * 1_001}]
)
async def test_an_invalid_request_is_rejected(app_with_memories, body):
    status, response, _ = await app_with_memories.call("POST", RECALL, json=body)

    assert (status, response["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("q=which port does the importer listen on%3F", True),
        ("q=what is the capital of Mongolia%3F", False),
        ("q=what is the capital of Mongolia%3F&min_confidence=0", True),
        ("q=which port does the importer listen on%3F&min_confidence=100", False),
    ],
)
async def test_a_search_finds_nothing_irrelevant_unless_min_confidence_is_set(
    app_with_memories, query, is_found
):
    _, page, _ = await app_with_memories.call("GET", f"{MEMORIES}?{query}")

    assert bool(page["memories"]) is is_found
    assert bool(page["total"]) is is_found


async def test_a_stored_memory_is_not_hidden_by_later_messages(app_with_memories):
    stored = {"content": "The harbour gate code is ZULU-4471.", "project": "ledger"}
    await app_with_memories.call("POST", MEMORIES, json=stored)
    later = [
        ("user", "Remember the harbour gate code"),
        ("assistant", "Noted, the code isn't changed any more."),
    ]
    await store_messages(app_with_memories, "later", *later, day="2026-12-05")
    await wait_for_embeddings(app_with_memories)

    block = (await recall(app_with_memories, "What is the harbour gate code?"))["prompt"]

    assert any("ZULU-4471" in text for text in texts(block))


async def test_a_corrected_message_comes_after_its_correction_or_not_at_all(app_with_memories):
    await store_messages(
        app_with_memories,
        "later",
        ("user", "The importer no longer uses port 9410, it moved to 7300."),
        day="2026-03-09",
    )
    await wait_for_embeddings(app_with_memories)

    block = texts((await recall(app_with_memories, "which port does the importer listen on?"))["prompt"])

    places = {port: [place for place, text in enumerate(block) if port in text] for port in ("7300", "8080")}
    assert places["7300"] == [0] or places["7300"][0] < min(places["8080"], default=99)
