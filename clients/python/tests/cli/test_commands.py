"""What each command sends, prints and exits with."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result
from mnemos.cli import cli

PAGE = {"total": 1, "limit": 10, "offset": 0}


@pytest.fixture
def mnemos(scripted, monkeypatch) -> Any:
    """Runs the command line against the scripted server: `mnemos("search", "x", stdin="…")`."""
    monkeypatch.setenv("MEM9_API_URL", scripted.url)
    monkeypatch.setenv("MEM9_API_KEY", scripted.api_key)

    def run(*arguments: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, arguments, input=stdin)
        assert scripted.api_key not in result.output
        return result

    return run


def query_of(request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.path).query)


def test_store_sends_what_was_given_and_prints_the_id(mnemos, scripted, answer):
    scripted.will_answer(answer(202, {"status": "accepted", "outcome": "created", "id": "0amfm0j0ye4sz"}))
    result = mnemos(
        "--agent", "me", "store", "Deploys need the VPN.", "--tag", "deploy", "--tag", "vpn", "--pinned",
        "--source", "wiki", "--project", "shop", "--metadata", '{"ticket": 42}',
    )  # fmt: skip
    assert (result.exit_code, result.stdout) == (0, "0amfm0j0ye4sz  stored\n")
    assert json.loads(scripted.received[0].body) == {
        "content": "Deploys need the VPN.",
        "tags": ["deploy", "vpn"],
        "memory_type": "pinned",
        "source": "wiki",
        "project": "shop",
        "metadata": {"ticket": 42},
    }
    assert scripted.received[0].headers["x-mnemo-agent-id"] == "me"


def test_store_names_what_it_takes_the_place_of_and_tells_tags_beside_the_id(mnemos, scripted, answer):
    stored = {"status": "accepted", "outcome": "created", "id": "0amfm0j0ye4sz"}
    more = {"superseded": ["0amfm0j0ye4sy"], "suggested_tags": ["ops", "red\x1b[31m"]}
    scripted.will_answer(answer(202, stored | more))
    result = mnemos("store", "x", "--subject", "a/b", "--replaces", "0amfm0j0ye4sy", "--suggest-tags")
    assert json.loads(scripted.received[0].body) == {
        "content": "x", "subject": "a/b", "replaces": "0amfm0j0ye4sy", "suggest_tags": True,
    }  # fmt: skip
    assert result.stdout == "0amfm0j0ye4sz  stored\n"
    assert result.stderr == "supersedes 0amfm0j0ye4sy\nsuggested tags: ops, red·[31m\n"


def test_store_reads_a_dash_from_stdin_and_says_what_was_known(mnemos, scripted, answer):
    scripted.will_answer(answer(202, {"status": "accepted", "outcome": "duplicate", "id": "0amfm0j0ye4sz"}))
    result = mnemos("store", "-", stdin="first\nsecond\n")
    assert result.stdout == "0amfm0j0ye4sz  already stored\n"
    assert json.loads(scripted.received[0].body) == {"content": "first\nsecond"}


def test_store_beyond_a_limit_is_refused_with_the_servers_sentence(mnemos, scripted):
    result = mnemos("store", "x" * 50_001)
    assert (result.exit_code, result.stderr) == (1, "Error: content: too long (max 50000 bytes)\n")
    assert scripted.received == []


def test_search_joins_its_words_and_sends_the_filters(mnemos, scripted, answer, memory):
    scripted.will_answer(answer(200, {"memories": [memory | {"confidence": 87}], **PAGE}))
    result = mnemos(
        "search", "how", "to", "deploy", "--tag", "a", "--tag", "b", "--type", "pinned", "--type", "insight",
        "--agent", "x", "--session", "s", "--project", "p", "--source", "w", "--limit", "5", "--offset", "2",
    )  # fmt: skip
    assert result.exit_code == 0
    assert query_of(scripted.received[0]) == {
        "q": ["how to deploy"], "tags": ["a,b"], "memory_type": ["pinned,insight"], "agent_id": ["x"],
        "session_id": ["s"], "project": ["p"], "source": ["w"], "limit": ["5"], "offset": ["2"],
        "min_confidence": ["0"],
    }  # fmt: skip
    assert result.stdout == "0amfm0j0ye4sz  2026-11-23   87%  deploy  Deploys need the VPN.\n"


def test_the_past_and_what_is_superseded_are_asked_for(mnemos, scripted, answer):
    scripted.will_answer(answer(200, {"memories": [], "total": 0, "limit": 10, "offset": 0}))
    mnemos("search", "x", "--as-of", "2026-11-23", "--subject", "a/b", "--superseded")
    assert query_of(scripted.received[0]) == {
        "q": ["x"], "as_of": ["2026-11-23T00:00:00Z"], "subject": ["a/b"], "include_superseded": ["True"],
        "min_confidence": ["0"],
    }  # fmt: skip


def test_a_history_is_a_line_for_each_change_and_the_text_before_it(mnemos, scripted, answer, memory):
    changes = [
        {
            "action": "superseded", "version": 3, "happened_at": "2026-11-23T10:00:00Z", "agent_id": "codex",
            "before": {"content": "Deploys need the VPN."}, "detail": {"reason": "subject", "by": "x"},
        },
        {
            "action": "updated", "version": 2, "happened_at": "2026-11-22T10:00:00Z",
            "before": {"content": "Deploys\nneed \x1b[31mnothing."},
        },
        {"action": "created", "version": 1, "happened_at": "2026-11-21T10:00:00Z"},
    ]  # fmt: skip
    scripted.will_answer(answer(200, {"memory": memory, "changes": changes}))
    result = mnemos("history", "0amfm0j0ye4sz")
    assert scripted.received[0].path == "/v1alpha2/mem9s/memories/0amfm0j0ye4sz/history"
    assert [line.rstrip() for line in result.stdout.splitlines()] == [
        "  3  superseded  2026-11-23 10:00:00+00:00  codex  reason: subject  by: x",
        "  2  updated     2026-11-22 10:00:00+00:00",
        "     was: Deploys need ·[31mnothing.",
        "  1  created     2026-11-21 10:00:00+00:00",
    ]


@pytest.mark.parametrize(("arguments", "sent"), [([], {}), (["--version", "2"], {"version": 2})])
def test_restore_sends_the_version_and_shows_the_memory(mnemos, scripted, answer, memory, *, arguments, sent):
    scripted.will_answer(answer(200, memory))
    result = mnemos("restore", "0amfm0j0ye4sz", *arguments)
    assert (scripted.received[0].method, json.loads(scripted.received[0].body)) == ("POST", sent)
    assert scripted.received[0].path == "/v1alpha2/mem9s/memories/0amfm0j0ye4sz/restore"
    assert scripted.received[0].headers["idempotency-key"]
    assert result.stdout.endswith("\n\nDeploys need the VPN.\n")


def test_a_version_that_never_was_is_told_with_what_to_do_next(mnemos, scripted, error_response):
    scripted.will_answer(error_response(404, "version_not_found", "this memory has no such version"))
    result = mnemos("restore", "x", "--version", "9")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: this memory has no such version; `mnemos history` shows all versions\n",
    )


def test_list_sends_only_what_was_given(mnemos, scripted, answer):
    scripted.will_answer(answer(200, {"memories": [], "total": 0, "limit": 10, "offset": 0}))
    result = mnemos("list")
    assert scripted.received[0].path == "/v1alpha2/mem9s/memories"
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no memories found\n")
    mnemos("list", "--state", "deleted")
    assert query_of(scripted.received[1]) == {"state": ["deleted"]}


def test_rows_are_lined_up_and_the_rest_is_announced_beside_them(mnemos, scripted, answer, memory):
    rows = [
        memory | {"relative_age": "2 days ago", "content": "one\n  two"},
        memory | {"relative_age": "just now", "tags": ["里程碑"]},
    ]
    scripted.will_answer(answer(200, {"memories": rows, "total": 9, "limit": 2, "offset": 4}))
    result = mnemos("list", "--limit", "2", "--offset", "4")
    assert result.stdout == (
        "0amfm0j0ye4sz  2 days ago  deploy  one two\n"
        "0amfm0j0ye4sz  just now    里程碑  Deploys need the VPN.\n"
    )
    assert result.stderr == "6 of 9; for more: --offset 6\n"


def test_piped_rows_are_neither_cut_nor_coloured_nor_may_they_colour(mnemos, scripted, answer, memory):
    content = "long " * 100 + "\x1b[31mred\x1b[0m \u202etxet"
    scripted.will_answer(answer(200, {"memories": [memory | {"content": content}], **PAGE}))
    output = mnemos("list").stdout
    assert output.count("\n") == 1
    assert "long " * 100 in output
    assert "\x1b" not in output
    assert "\u202e" not in output


def test_get_shows_everything_and_the_whole_text(mnemos, scripted, answer, memory):
    scripted.will_answer(answer(200, memory | {"content": "first\nsecond", "metadata": {"a": 1}}))
    output = mnemos("get", "0amfm0j0ye4sz").stdout
    assert "version      3\n" in output
    assert "tags         deploy\n" in output
    assert output.endswith("\n\nfirst\nsecond\n")


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (["--content", "new"], {"content": "new"}),
        (["--tag", "a", "--tag", "b"], {"tags": ["a", "b"]}),
        (["--no-tags"], {"tags": []}),
        (["--metadata", "null"], {"metadata": None}),
        (["--source", "wiki", "--expected-version", "3"], {"source": "wiki", "expected_version": 3}),
    ],
)
def test_update_sends_only_what_changes(mnemos, scripted, answer, memory, *, arguments, sent):
    scripted.will_answer(answer(200, memory))
    assert mnemos("update", "0amfm0j0ye4sz", *arguments).exit_code == 0
    assert scripted.received[0].method == "PUT"
    assert json.loads(scripted.received[0].body) == sent


def test_update_reads_the_new_text_from_stdin(mnemos, scripted, answer, memory):
    scripted.will_answer(answer(200, memory))
    mnemos("update", "x", "--content", "-", stdin="piped\n")
    assert json.loads(scripted.received[0].body) == {"content": "piped"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["update", "x"],
        ["update", "x", "--expected-version", "3"],
        ["update", "x", "--tag", "a", "--no-tags"],
        ["update", "x", "--metadata", "{oops"],
        ["search"],
        ["delete"],
        ["list", "--limit", "0"],
        ["list", "--type", "unheard-of"],
        ["--url", "localhost:8080", "list"],
        ["--key", "secret", "list"],
    ],
)
def test_wrong_usage_exits_with_2_and_sends_nothing(mnemos, scripted, arguments):
    result = mnemos(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert scripted.received == []


def test_delete_of_one_tells_an_unknown_id_from_a_deleted_one(mnemos, scripted, answer, error_response):
    scripted.will_answer(answer(204), error_response(404, "memory_not_found", "memory not found"))
    assert mnemos("delete", "a").stdout == "1 deleted\n"
    result = mnemos("delete", "b")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: memory not found; `mnemos search`")


def test_delete_of_several_is_one_request(mnemos, scripted, answer):
    scripted.will_answer(answer(200, {"deleted": 2}))
    result = mnemos("delete", "a", "b", "c")
    assert json.loads(scripted.received[0].body) == {"ids": ["a", "b", "c"]}
    assert result.stdout == "2 deleted\n"
    assert result.stderr == "1 of 3 ids don't belong to an active memory\n"


@pytest.mark.parametrize(
    ("arguments", "status", "body"),
    [
        (["store", "x"], 202, {"status": "accepted", "outcome": "created", "id": "i"}),
        (["search", "x"], 200, {"memories": [], "total": 0, "limit": 10, "offset": 0}),
        (["list"], 200, {"memories": [], "total": 0, "limit": 10, "offset": 0}),
        (["delete", "a", "b"], 200, {"deleted": 2}),
    ],
)
def test_json_is_what_the_wire_brought_and_nothing_else(mnemos, scripted, answer, *, arguments, status, body):
    scripted.will_answer(answer(status, body))
    result = mnemos(*arguments, "--json")
    assert (json.loads(result.stdout), result.stderr) == (body, "")


@pytest.mark.parametrize("arguments", [["get", "x"], ["update", "x", "--content", "y"]])
def test_json_of_a_memory_is_the_memory(mnemos, scripted, answer, memory, arguments):
    scripted.will_answer(answer(200, memory))
    assert json.loads(mnemos(*arguments, "--json").stdout) == memory


@pytest.mark.parametrize(
    ("status", "code", "step"),
    [
        (400, "invalid_api_key", "check MEM9_API_KEY"),
        (412, "version_conflict", "`mnemos get` shows the current version"),
        (500, "internal_error", "the server's log has the details"),
    ],
)
def test_an_error_is_one_sentence_with_what_to_do_next(
    mnemos, scripted, error_response, *, status, code, step
):
    scripted.will_answer(error_response(status, code))
    result = mnemos("get", "x")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: sorry; {step}")
    assert result.stderr.count("\n") == 1


def test_no_server_exits_with_3_and_says_what_to_try(mnemos, monkeypatch):
    monkeypatch.setenv("MEM9_API_URL", "http://127.0.0.1:1")
    result = mnemos("list")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "Is mnemo-server running?" in result.stderr


def test_without_a_key_the_way_to_one_is_told(mnemos, monkeypatch):
    monkeypatch.delenv("MEM9_API_KEY")
    result = mnemos("list")
    assert result.exit_code == 1
    assert "MEM9_API_KEY" in result.stderr


def test_the_key_of_the_environment_stays_with_its_address(mnemos):
    result = mnemos("--url", "http://127.0.0.1:1", "list")
    assert result.exit_code == 1
    assert "the key of MEM9_API_KEY is for another address" in result.stderr
