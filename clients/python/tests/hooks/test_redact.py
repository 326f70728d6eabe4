"""No secret leaves the machine, and a text that passes both redactions is changed once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from mnemos.hooks.http.client import HookClient
from mnemos.hooks.http.connection import Deadline
from mnemos.hooks.recall.recall import SENT_CHARACTERS, make_prompt, request_recall
from mnemos.hooks.redact import Redactor, make_fingerprint_key
from mnemos.hooks.runner import run
from mnemos.hooks.settings import HookSettings, read_settings
from mnemos.hooks.upload.spool import Spool
from mnemos_redaction import redact

from clients.python.tests.hooks.support import Recorder, make_answer, run_socket
from tests.support.secret_maker import Secret, SecretMaker, find_leak


def make_secrets() -> list[Secret]:
    maker = SecretMaker(20_261_125)
    shapes = tuple(maker.shapes)
    return [maker.make(shapes[number % len(shapes)]) for number in range(200)]


SECRETS = make_secrets()


def test_what_a_client_redacted_passes_the_server_unchanged(settings) -> None:
    clean = Redactor(settings).clean
    for secret in SECRETS:
        once = clean(f"we use\n{secret.text}\nin staging")

        assert find_leak(secret.random, once) is None, secret.kind
        assert redact(once, b"the server's own key").text == once, secret.kind
        assert clean(once) == once, secret.kind


def test_a_secret_has_one_mark_for_all_clients_with_a_key_and_another_for_others(settings) -> None:
    text = SecretMaker(1).make("gitlab").text

    mark = Redactor(settings).clean(text)

    assert mark == Redactor(settings._replace(url="http://elsewhere:1", agent_id="other")).clean(text)
    assert mark != Redactor(settings._replace(api_key="another")).clean(text)
    assert mark != redact(text, settings.api_key.encode()).text
    assert make_fingerprint_key("") != b""


def test_nothing_that_is_spooled_holds_a_secret(state, settings) -> None:
    messages = [{"role": "user", "content": secret.text, "seq": at} for at, secret in enumerate(SECRETS)]

    Spool(state, settings).add({"session_id": "s", "project": SECRETS[2].text}, messages)

    spooled = "".join(path.read_text() for path in Spool(state, settings).list_waiting())
    assert spooled.count("[redacted:") >= len(SECRETS)
    assert [secret.kind for secret in SECRETS if find_leak(secret.random, spooled)] == []


def test_nothing_that_is_asked_holds_a_secret(settings) -> None:
    recorder = Recorder(make_answer(b"{}"))
    with run_socket(recorder) as url:
        client = HookClient(settings._replace(url=url), Deadline(30))
        for secret in SECRETS:
            names = {"session_id": secret.text, "project": secret.text}
            request_recall(client, settings, prompt=f"use {secret.text}", begins=True, **names)
        client.close()

    asked = "".join(f"{first} {body.decode()}" for first, _, body in recorder.requests)
    assert len(recorder.requests) == len(SECRETS)
    assert [secret.kind for secret in SECRETS if find_leak(secret.random, asked)] == []


@pytest.mark.parametrize("before", range(SENT_CHARACTERS - 60, SENT_CHARACTERS + 5, 7))
def test_no_half_of_a_secret_is_left_where_a_prompt_is_cut(settings, before) -> None:
    clean = Redactor(settings).clean
    for secret in SECRETS[:12]:
        prompt = "word " * (before // 5) + secret.text + " more" * 7_000
        assert find_leak(secret.random, make_prompt(prompt, clean) or "") is None, secret.kind
        assert find_leak(secret.random, make_prompt("word " * 6_400 + prompt, clean) or "") is None, (
            secret.kind
        )


def test_a_long_run_of_key_characters_is_not_sent(settings) -> None:
    assert make_prompt("a1B2" * 9_000, Redactor(settings).clean) is None


def test_a_prompt_that_cannot_be_cleaned_is_not_sent(tmp_path, monkeypatch) -> None:
    recorder = Recorder(make_answer(b"{}"))
    monkeypatch.setitem(sys.modules, "mnemos_redaction", None)  # cannot be imported
    with run_socket(recorder) as url:
        environment = {"HOME": str(tmp_path), "MEM9_API_KEY": "k", "MEM9_API_URL": url}
        output = run(
            ["UserPromptSubmit", "--harness", "claude"],
            environment,
            read_input=lambda: json.dumps({"prompt": "what is the mast of?", "session_id": "s"}).encode(),
            limit_life=lambda *_: None,
        )

    assert (output, recorder.requests) == (b"", [])


def test_redaction_can_be_switched_off(settings) -> None:
    text = SECRETS[0].text

    assert Redactor(settings._replace(redact=False)).clean(text) == text
    assert read_settings({"MNEMOS_REDACT": "False"}, "a").redact is False
    assert read_settings({"MNEMOS_REDACT": ""}, "a").redact is True


@pytest.mark.parametrize(
    ("word", "capture"),
    [("", "guarded"), ("ALL", "all"), ("off", "off"), ("false", "off"), ("guraded", "guarded")],
)
def test_what_to_capture_is_told_by_the_environment(word, capture) -> None:
    settings: HookSettings = read_settings({"MNEMOS_CAPTURE": word}, "a")

    assert settings.capture == capture


def test_a_plain_prompt_loads_few_rules_and_no_pydantic() -> None:
    code = (
        "import sys; from mnemos_redaction import redact;"
        "redact('please fix the failing test and push it', b'k');"
        "print(*sys.modules)"
    )
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )

    assert "mnemos_redaction.scan" in loaded
    costly = {"pydantic", "hashlib", "dataclasses", "mnemos_contract.errors"}
    rules = {f"mnemos_redaction.{name}" for name in ("assignments.find", "key_forms", "blocks.private_keys")}
    assert loaded.isdisjoint(costly | rules)
