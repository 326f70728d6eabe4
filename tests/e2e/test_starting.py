"""The first start prints all that a user needs; a start that fails shows why, with its own exit code."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Start
from tests.support.databases import peek
from tests.support.databases.livedb import LiveServer, free_port
from tests.support.interfaces.rest import RestApi, provision
from tests.support.servers import RunningServer

KEY = re.compile(r"mnk_[\w-]{32}")
SECONDS = 30


def run_command(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run mnemo-server until it ends by itself."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MNEMO_", "MEM9_"))}
    env |= {"MNEMO_PORT": "0"} | {f"MNEMO_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "mnemo_server", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)


def check_refusal(run: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Check that it ended with the code and one sentence with the words; nothing else, no traceback."""
    assert run.returncode == code, run.stderr
    lines = run.stderr.strip().splitlines()
    assert run.stdout == ""
    assert len(lines) == 1
    assert lines[0].startswith("mnemo-server: ")
    for word in words:
        assert word in lines[0]


def test_the_first_start_prints_address_database_both_exports_and_a_next_command(dsn: str, start: Start):
    server = start(dsn)
    greeting = server.greeting
    assert f"mnemos is running at {server.url}" in greeting
    assert f"  export MEM9_API_URL={server.url}\n" in greeting
    assert KEY.fullmatch(server.api_key)
    assert f"  export MEM9_API_KEY={server.api_key}\n" in greeting
    assert re.search(r"^  \S*mnemos store \"", greeting, re.MULTILINE)
    assert urlsplit(dsn).path.rpartition("/")[2] in greeting
    assert dsn.partition(":")[0] in greeting
    with RestApi(server.url, server.api_key) as api:
        assert api.page()["total"] == 0


def test_later_starts_show_no_secret_and_keep_the_memories(dsn: str, start: Start):
    first = start(dsn)
    with RestApi(first.url, first.api_key) as api:
        stored = api.store("lasting")
    assert first.stop() == 0
    second = start(dsn, api_key=first.api_key)
    assert not KEY.search(second.greeting)
    assert "MEM9_API_KEY=" not in second.greeting
    with RestApi(second.url, first.api_key) as api:
        assert api.get(stored["id"]).json() == stored
    for log in (first.log_path, second.log_path):
        assert not KEY.search(log.read_text())


def test_the_database_contains_no_key(dsn: str, start: Start):
    server = start(dsn)
    provision(server.url)
    rows = peek.fetch_rows(dsn, "SELECT * FROM api_keys;")
    assert len(rows) == 2
    assert "mnk_" not in str(rows)
    assert server.api_key not in str(rows)


def test_without_settings_the_memories_are_in_the_home_folder_readable_only_by_the_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Start
):
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    server = start("")
    place = home / ".local" / "share" / "mnemos" / "mnemos.db"
    assert str(place) in server.greeting
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_it_listens_on_loopback_only_by_default(tmp_path: Path, start: Start):
    server = start(f"sqlite:///{tmp_path / 'm.db'}")
    address = urlsplit(server.url)
    assert address.hostname == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", address.port or 0), timeout=5)


def test_provision_and_migrate_are_separate_commands(dsn: str, start: Start):
    migrated = run_command("migrate", dsn=dsn)
    assert (migrated.returncode, migrated.stderr) == (0, "")
    assert "up to date" in migrated.stdout
    provisioned = run_command("provision", dsn=dsn)
    assert provisioned.returncode == 0
    key = provisioned.stdout.strip()
    assert KEY.fullmatch(key)
    server: RunningServer = start(dsn, api_key=key)
    assert not KEY.search(server.greeting)
    with RestApi(server.url, key) as api:
        assert api.page()["total"] == 0


@pytest.mark.parametrize(
    "dsn",
    [
        "nonsense",
        "postgres://u:sesame@h/db",
        "tidb://",
        "sqlite://",
        "root:sesame@tcp(host:port)/db",
        "tidb://root:sesame@host:99999/db",
    ],
)
def test_a_bad_dsn_is_explained_without_its_password_and_ends_with_code_2(dsn: str):
    run = run_command(dsn=dsn)
    check_refusal(run, 2, "MNEMO_DSN")
    assert "sesame" not in run.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", "many"), ("rate_limit", "-1"), ("trusted_proxies", "everyone"), ("log_level", "loud")],
)
def test_a_bad_setting_is_named_and_ends_with_code_2(tmp_path: Path, name: str, value: str):
    run = run_command(**{"dsn": f"sqlite:///{tmp_path / 'm.db'}", name: value})
    check_refusal(run, 2, f"MNEMO_{name.upper()}")


def test_an_unreachable_database_is_named_and_ends_with_code_3():
    port = free_port()
    run = run_command(dsn=f"tidb://root:sesame@127.0.0.1:{port}/memories")
    check_refusal(run, 3, f"127.0.0.1:{port}")
    assert "sesame" not in run.stderr


def test_a_file_that_cannot_be_created_ends_with_code_3():
    check_refusal(run_command(dsn="sqlite:////proc/nowhere/memories.db"), 3, "/proc/nowhere")


def test_a_file_that_is_not_a_database_ends_with_code_3(tmp_path: Path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ada,\n" * 1_000)
    check_refusal(run_command(dsn=f"sqlite:///{path}"), 3)
    assert path.read_text() == "Dear Ada,\n" * 1_000


def test_a_refused_login_ends_with_code_3(live_server: LiveServer):
    run = run_command(dsn=f"{live_server.engine}://nobody:sesame@{live_server.host}:{live_server.port}/x")
    check_refusal(run, 3)
    assert "sesame" not in run.stderr


def test_a_taken_port_ends_with_code_5(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = run_command(dsn=f"sqlite:///{tmp_path / 'm.db'}", port=str(port))
    check_refusal(run, 5, "MNEMO_PORT", str(port))


def test_a_start_that_fails_for_its_port_does_not_use_up_the_first_key(tmp_path: Path, start: Start):
    dsn = f"sqlite:///{tmp_path / 'm.db'}"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert run_command(dsn=dsn, port=str(taken.getsockname()[1])).returncode == 5
    assert KEY.fullmatch(start(dsn).api_key)


def test_a_database_of_a_newer_version_is_left_alone_with_code_4(dsn: str):
    assert run_command("migrate", dsn=dsn).returncode == 0
    peek.change_rows(
        dsn,
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (9999, :name, :sum, 0);",
        {"name": "9999_from_the_future.sql", "sum": "0" * 64},
    )
    check_refusal(run_command(dsn=dsn), 4, "9999")


def test_a_migration_that_was_changed_after_it_ran_ends_with_code_4(dsn: str):
    assert run_command("migrate", dsn=dsn).returncode == 0
    assert peek.change_rows(dsn, "UPDATE schema_migrations SET checksum = :sum;", {"sum": "0" * 64})
    check_refusal(run_command(dsn=dsn), 4)


def test_without_permission_to_migrate_an_empty_database_ends_with_code_4(dsn: str):
    check_refusal(run_command(dsn=dsn, auto_migrate="false"), 4, "migrate")
