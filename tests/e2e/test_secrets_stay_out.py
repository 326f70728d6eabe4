"""Secrets that are sent appear nowhere afterwards: not in the database, the log, or what models read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.databases import peek
from tests.support.interfaces.rest import RestApi
from tests.support.models.chat_endpoint import run_chat_endpoint
from tests.support.models.embedding_endpoint import open_endpoint
from tests.support.secret_maker import Secret, SecretMaker, find_leak
from tests.support.servers import RunningServer, start_server

SECRETS = 200
WINDOW = 10


def make_secrets() -> list[Secret]:
    maker = SecretMaker(20_261_124)
    shapes = tuple(maker.shapes)
    assert len(shapes) >= 20
    return [maker.make(shapes[number % len(shapes)]) for number in range(SECRETS)]


def find_leaks(secrets: list[Secret], text: str) -> list[str]:
    """Return the kinds of the secrets of which a text contains a piece."""
    return [secret.kind for secret in secrets if find_leak(secret.random, text) is not None]


def test_no_piece_of_two_hundred_secrets_is_left_anywhere(dsn: str, tmp_path: Path):
    secrets = make_secrets()
    with run_chat_endpoint() as chat, open_endpoint() as embedding:
        settings = embedding.settings | {
            "llm_base_url": chat.base_url,
            "enrich_delay_seconds": "0",
            "log_level": "debug",
        }
        server = start_server(tmp_path, dsn, **settings)
        with RestApi(server.url, server.api_key) as api:
            answers = send_all(api, secrets)
            api.wait_for_model()
            shown = read_all(api)
        told = "\n".join(request.user for request in chat.requests)
        embedded = "\n".join(embedding.texts)
        assert server.stop() == 0
    assert find_leaks(secrets, answers) == []
    assert find_leaks(secrets, shown) == []
    assert find_leaks(secrets, told) == []
    assert find_leaks(secrets, embedded) == []
    assert find_leaks(secrets, read_log(server)) == []
    assert find_leaks(secrets, peek.read_everything(dsn)) == []
    assert (shown.count("[redacted:") >= SECRETS, "[redacted:" in told, "[redacted:" in embedded) == (
        True,
    ) * 3


def send_all(api: RestApi, secrets: list[Secret]) -> str:
    """Send half of them as memories, in all their members, and half as messages; return all responses."""
    answers = []
    for number, secret in enumerate(secrets[: SECRETS // 2]):
        body: dict[str, Any] = {"content": f"Note {number}: it is {secret.text} now."}
        if number % 4 == 1:
            body["metadata"] = {"note": [secret.text], "number": number}
        if number % 4 == 2 and len(secret.text) < 190:
            body["tags"] = [f"is {secret.text}"]
        key = {"Idempotency-Key": f"note-{number}"}
        answers.append(api.post(body, **key))
        if number % 10 == 3:
            answers.append(api.put(answers[-1].json()["id"], {"content": f"Changed: {secret.text} it is."}))
    for begin in range(SECRETS // 2, SECRETS, WINDOW):
        messages = [
            {"role": "user", "content": f"look, {secret.text} is what I got"}
            for secret in secrets[begin : begin + WINDOW]
        ]
        answers.append(api.post({"session_id": f"s{begin}", "messages": messages}))
    assert [answer.status_code for answer in answers if not answer.is_success] == []
    return "\n".join(answer.text for answer in answers)


def read_all(api: RestApi) -> str:
    """Return everything that the API shows."""
    sessions = [f"s{begin}" for begin in range(SECRETS // 2, SECRETS, WINDOW)]
    listed = [page["memories"] for page in api.pages(200)]
    histories = [
        api.send("GET", f"/memories/{memory['id']}/history").text
        for memories in listed
        for memory in memories
    ]
    return "\n".join([str(listed), *histories, str(api.messages(*sessions)), str(api.page(q="note it is"))])


def read_log(server: RunningServer) -> str:
    return server.log_path.read_text()
