from __future__ import annotations

import json

import pytest
from mnemos.hooks.http.connection import Response
from mnemos.hooks.upload import uploader as upload_module
from mnemos.hooks.upload.spool import Spool
from mnemos.hooks.upload.uploader import UPLOAD_LOCK, Verdict, judge, upload

from clients.python.tests.hooks.support import Recorder, make_answer, run_socket

ACCEPTED = make_answer(b'{"status":"accepted","outcome":"created"}', 202)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch) -> None:
    monkeypatch.setattr(upload_module, "_BACK_OFF_SECONDS", (0.0, 0.0))


@pytest.fixture
def spool(state, settings) -> Spool:
    spool = Spool(state, settings)
    for number in range(2):
        spool.add({"session_id": "s1"}, [{"role": "user", "content": f"word {number}", "seq": number}])
    return spool


def test_everything_is_sent_oldest_first_and_then_gone(spool, settings, state) -> None:
    server = Recorder(ACCEPTED)
    with run_socket(server) as url:
        upload(settings._replace(url=url), state)

    assert spool.list_waiting() == []
    assert [json.loads(body)["messages"][0]["seq"] for _, _, body in server.requests] == [0, 1]
    first, headers, _ = server.requests[0]
    assert first == "POST /v1alpha2/mem9s/memories HTTP/1.1"
    assert (headers["x-api-key"], headers["x-mnemo-agent-id"]) == ("key", "tester")


def test_a_repeat_carries_the_same_idempotency_key(spool, settings, state) -> None:
    server = Recorder(make_answer(b"{}", 503), make_answer(b"{}", 429), ACCEPTED)
    with run_socket(server) as url:
        upload(settings._replace(url=url), state)

    keys = [headers["idempotency-key"] for _, headers, _ in server.requests]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert spool.list_waiting() == []


def test_what_cannot_be_sent_now_waits_for_the_next_hook(spool, settings, state) -> None:
    server = Recorder(make_answer(b"{}", 503))
    with run_socket(server) as url:
        upload(settings._replace(url=url), state)

    assert len(server.requests) == 3
    assert len(spool.list_waiting()) == 2


def test_a_server_that_is_down_costs_nothing_but_a_line_in_the_log(spool, settings, state) -> None:
    upload(settings, state)

    assert len(spool.list_waiting()) == 2
    assert "refused" in (state.folder / "log" / "hook.log").read_text()


def test_what_the_server_refuses_is_set_aside_with_the_reason(spool, settings, state) -> None:
    server = Recorder(make_answer(b'{"error":"content: too long"}', 400), ACCEPTED)
    with run_socket(server) as url:
        upload(settings._replace(url=url), state)

    assert spool.list_waiting() == []
    rejected = sorted(path.name for path in (state.folder / "rejected").iterdir())
    assert len(rejected) == 2
    assert "too long" in (state.folder / "rejected" / rejected[1]).read_text()


def test_only_one_uploader_at_a_time_sends(spool, settings, state) -> None:
    server = Recorder(ACCEPTED)
    with run_socket(server) as url, state.lock(UPLOAD_LOCK, 0.0) as mine:
        assert mine
        upload(settings._replace(url=url), state)

    assert server.requests == []
    assert len(spool.list_waiting()) == 2


def test_the_key_is_never_logged(settings, state) -> None:
    secret = settings._replace(api_key="s3cret-key")
    Spool(state, secret).add({}, [{"role": "user", "content": "x", "seq": 0}])
    with run_socket(Recorder(make_answer(b'{"error":"invalid API key"}', 400))) as url:
        upload(secret._replace(url=url), state)

    assert "s3cret" not in (state.folder / "log" / "hook.log").read_text()


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (202, b'{"status":"accepted"}', Verdict.SENT),
        (200, b'{"status":"ok"}', Verdict.SENT),
        (200, b"<html>please log in</html>", Verdict.LATER),
        (302, b"", Verdict.LATER),
        (400, b'{"error":"content: too long"}', Verdict.REFUSED),
        (413, b'{"error":"the body is larger"}', Verdict.REFUSED),
        (422, b'{"error":"idempotency"}', Verdict.REFUSED),
        (400, b'{"error":"invalid API key","code":"invalid_api_key"}', Verdict.LATER),
        (401, b'{"error":"unauthorized"}', Verdict.LATER),
        (404, b"<html>nothing here</html>", Verdict.LATER),
        (400, b"<html>bad gateway settings</html>", Verdict.LATER),
        (408, b"", Verdict.LATER),
        (429, b"", Verdict.LATER),
        (500, b"", Verdict.LATER),
        (503, b"", Verdict.LATER),
    ],
)
def test_what_an_answer_means(status, body, verdict) -> None:
    assert judge(Response(status, {}, body)) is verdict
