"""Recall over HTTP, with the model that comes with the server: what is shown, what isn't, and the records."""

from __future__ import annotations

import asyncio

import pytest

RECALL, RECALLS = "/v1alpha2/mem9s/recall", "/v1alpha2/mem9s/recalls"
MEMORIES, EMBEDDING = "/v1alpha2/mem9s/memories", "/v1alpha2/mem9s/embedding"
TALK = [
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


async def tell(
    app, session: str, *messages: tuple[str, str], project: str = "ledger", at: str = "2026-03-03"
) -> None:
    """Store messages of a session."""
    said = [
        {"role": role, "content": content, "seq": seq, "created_at": f"{at}T10:00:00Z"}
        for seq, (role, content) in enumerate(messages)
    ]
    body = {"session_id": session, "project": project, "messages": said, "sync": True}
    status, answer, _ = await app.call("POST", MEMORIES, json=body)
    assert status == 200, answer


async def settle(app) -> None:
    """Wait until everything stored has its vector."""
    async with asyncio.timeout(60):
        while True:
            _, status, _ = await app.call("GET", EMBEDDING)
            if status["state"] == "ready" and not status["pending"]:
                return
            await asyncio.sleep(0.05)


async def recall(app, prompt: str | None = None, **fields) -> dict:
    wanted = {"project": "ledger", "session_id": "now"} | fields
    if prompt is not None:
        wanted["prompt"] = prompt
    status, answer, _ = await app.call("POST", RECALL, json=wanted)
    assert status == 200, answer
    return answer


def texts(block: dict) -> list[str]:
    return [line["text"] for line in block["lines"]]


@pytest.fixture
async def told(open_app):
    """An application that knows what one session said."""
    app = await open_app(embedder_kind="local")
    await tell(app, "earlier", *TALK)
    await settle(app)
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
async def test_what_was_said_reaches_a_later_session(told, prompt, word):
    block = (await recall(told, prompt))["prompt"]

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
async def test_a_prompt_about_something_else_is_shown_nothing(told, prompt):
    answer = await recall(told, prompt)

    assert answer["prompt"]["lines"] == []
    assert answer["prompt"]["silence"] in ("nothing_near", "not_needed")


async def test_a_line_says_which_memory_when_and_who(told):
    line = (await recall(told, "which port does the importer listen on?"))["prompt"]["lines"][0]

    assert line["text"].startswith(f"- [{line['memory_id']}, 2026-03-03, ")


async def test_what_the_conversation_shows_is_not_repeated(told):
    prompt = "which port does the importer listen on?"
    first = (await recall(told, prompt))["prompt"]

    second = (await recall(told, prompt, shown=[line["key"] for line in first["lines"]]))["prompt"]

    assert first["lines"]
    assert not set(texts(first)) & set(texts(second))


async def test_the_same_request_gives_the_same_lines(told):
    first, second = [
        await recall(told, "which port does the importer listen on?", begins=True) for _ in range(2)
    ]

    assert (first["session"], first["prompt"]) == (second["session"], second["prompt"])


async def test_the_session_itself_is_not_recalled(told):
    block = (await recall(told, "which port does the importer listen on?", session_id="earlier"))["prompt"]

    assert (block["lines"], block["silence"]) == ([], "shown_already")


async def test_another_project_stays_out_on_request(told):
    prompt = "which port does the importer listen on?"

    elsewhere = await recall(told, prompt, project="boat", only_project=True)

    assert elsewhere["prompt"]["lines"] == []


async def test_a_memory_that_was_deleted_is_never_shown(told):
    line = (await recall(told, "which port does the importer listen on?"))["prompt"]["lines"][0]
    await told.call("DELETE", f"{MEMORIES}/{line['memory_id']}")

    after = (await recall(told, "which port does the importer listen on?"))["prompt"]

    assert line["memory_id"] not in [one["memory_id"] for one in after["lines"]]


async def test_a_session_begins_with_what_is_pinned_what_stands_and_how_the_last_one_ended(told):
    await told.call(
        "POST",
        MEMORIES,
        json={"content": "Ask Halina before a release.", "memory_type": "pinned", "project": "ledger"},
    )
    await settle(told)

    block = (await recall(told, begins=True))["session"]

    assert "Ask Halina" in texts(block)[0]
    assert any("never floats" in text for text in texts(block))
    assert any("Changed the importer's port" in text for text in texts(block))
    assert not any("ok, do that" in text or "looks good" in text for text in texts(block))


async def test_the_first_session_of_a_memory_begins_with_nothing(open_app):
    app = await open_app()

    answer = await recall(app, "which port does the importer listen on?", begins=True)

    assert answer["session"] == {"lines": [], "silence": "nothing_stored"}
    assert answer["prompt"] == {"lines": [], "silence": "nothing_stored"}


@pytest.mark.parametrize("prompt", ["ok", "/compact", "?!"])
async def test_a_prompt_that_asks_for_nothing_says_so(told, prompt):
    assert (await recall(told, prompt))["prompt"] == {"lines": [], "silence": "no_question"}


async def test_without_vectors_words_decide(open_app):
    app = await open_app()
    await tell(app, "earlier", *TALK)

    block = (await recall(app, "which port does the importer listen on?"))["prompt"]

    assert any("9410" in text for text in texts(block))


async def test_a_budget_is_kept(told):
    block = (await recall(told, "which port does the importer listen on?", max_tokens=45))["prompt"]

    assert len(block["lines"]) == 1


async def test_a_recall_can_be_looked_at_afterwards(told):
    answer = await recall(told, "which port does the importer listen on?")
    silent = await recall(told, "what is the capital of Mongolia?")
    await told.services.recall_journal.settle()

    _, page, _ = await told.call("GET", RECALLS)
    _, one, _ = await told.call("GET", f"{RECALLS}/{answer['recall_id']}")
    _, quiet, _ = await told.call("GET", f"{RECALLS}?silent=true&session_id=now")

    assert [found["id"] for found in page["recalls"]] == [silent["recall_id"], answer["recall_id"]]
    assert [found["id"] for found in quiet["recalls"]] == [silent["recall_id"]]
    assert one["prompt"] == "which port does the importer listen on?"
    shown = [memory["memory_id"] for memory in one["memories"] if "left_out" not in memory]
    assert shown == [line["memory_id"] for line in answer["prompt"]["lines"]]
    assert all(memory["content"] for memory in one["memories"])
    assert quiet["recalls"][0]["silence"] == silent["prompt"]["silence"]


async def test_a_record_keeps_no_secret(told):
    secret = "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
    answer = await recall(
        told, f"deploy the importer with {secret}", session_id=f"s-{secret}", project=secret
    )
    await told.services.recall_journal.settle()

    _, one, _ = await told.call("GET", f"{RECALLS}/{answer['recall_id']}")

    assert secret not in str(one)
    assert "[redacted:" in one["prompt"]


async def test_records_can_be_switched_off(open_app):
    app = await open_app(recall_days=0)

    answer = await recall(app, "which port does the importer listen on?")
    await app.services.recall_journal.settle()
    _, page, _ = await app.call("GET", RECALLS)

    assert "recall_id" not in answer
    assert page == {"recalls": []}


@pytest.mark.parametrize("recall_id", ["0000000000001", "nonsense"])
async def test_an_unknown_recall_is_an_error(told, recall_id):
    status, answer, _ = await told.call("GET", f"{RECALLS}/{recall_id}")

    assert (status, answer["code"]) == (404, "recall_not_found")


@pytest.mark.parametrize(
    "body", [{}, {"begins": False}, {"prompt": "x" * 20_001}, {"prompt": "x", "shown": ["k"] * 1_001}]
)
async def test_a_request_that_makes_no_sense_is_refused(told, body):
    status, answer, _ = await told.call("POST", RECALL, json=body)

    assert (status, answer["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("q=which port does the importer listen on%3F", True),
        ("q=what is the capital of Mongolia%3F", False),
        ("q=what is the capital of Mongolia%3F&min_confidence=0", True),
        ("q=which port does the importer listen on%3F&min_confidence=100", False),
    ],
)
async def test_a_search_finds_nothing_where_nothing_matters_unless_it_asks_for_everything(
    told, query, is_found
):
    _, page, _ = await told.call("GET", f"{MEMORIES}?{query}")

    assert bool(page["memories"]) is is_found
    assert bool(page["total"]) is is_found


async def test_what_was_stored_on_purpose_is_not_hidden_by_later_talk(told):
    stored = {"content": "The harbour gate code is ZULU-4471.", "project": "ledger"}
    await told.call("POST", MEMORIES, json=stored)
    later = [
        ("user", "Remember the harbour gate code"),
        ("assistant", "Noted, the code isn't changed any more."),
    ]
    await tell(told, "later", *later, at="2026-12-05")
    await settle(told)

    block = (await recall(told, "What is the harbour gate code?"))["prompt"]

    assert any("ZULU-4471" in text for text in texts(block))


async def test_a_message_that_was_overturned_comes_after_its_correction_or_not_at_all(told):
    await tell(
        told, "later", ("user", "The importer no longer uses port 9410, it moved to 7300."), at="2026-03-09"
    )
    await settle(told)

    block = texts((await recall(told, "which port does the importer listen on?"))["prompt"])

    places = {port: [place for place, text in enumerate(block) if port in text] for port in ("7300", "8080")}
    assert places["7300"] == [0] or places["7300"][0] < min(places["8080"], default=99)
