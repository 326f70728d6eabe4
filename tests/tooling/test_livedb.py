"""The live database is the configured one, or the best that can be started, or reported as absent."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.databases import livedb
from tests.support.databases.launchers import TIDB_IMAGE, DockerTidb, Launcher, find_launchers
from tests.support.databases.livedb import NoLiveDatabase, UnusableDatabase, open_live_server

ROOT = Path(livedb.__file__).resolve().parents[3]
# Docker may first have to fetch its image, which a test shouldn't wait for.
LOCAL = [found for found in find_launchers(os.environ) if not isinstance(found, DockerTidb)]
NOTHING = {"PATH": "/nonexistent"}
GREETINGS = {
    "8.0.11-TiDB-v8.5.0": ("tidb", "8.5.0"),
    "5.5.5-10.11.19-MariaDB-0+deb12u1": ("mariadb", "10.11.19"),
    "11.4.2-MariaDB": ("mariadb", "11.4.2"),
    "8.4.3": ("mysql", "8.4.3"),
}


@pytest.fixture
def no_launchers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any database program."""
    monkeypatch.setattr(livedb, "find_launchers", lambda _environment: [])


@pytest.mark.parametrize("text", GREETINGS)
def test_the_engine_is_read_from_the_servers_greeting(text: str):
    packet = b"\x4a\x00\x00\x00\x0a" + text.encode() + b"\x00\x01\x02"
    assert livedb.read_version(packet) == GREETINGS[text]


@pytest.mark.usefixtures("no_launchers")
def test_without_a_database_the_message_names_what_to_install():
    with pytest.raises(NoLiveDatabase, match=r"apt-get install mariadb-server"), open_live_server(NOTHING):
        pass
    assert "apt-get install mariadb-server" in livedb.describe_choice(NOTHING)


@pytest.mark.usefixtures("no_launchers")
def test_a_required_but_missing_engine_is_an_error():
    environment = NOTHING | {"MNEMO_TEST_REQUIRE": "tidb"}
    with pytest.raises(UnusableDatabase, match="MNEMO_TEST_REQUIRE=tidb"), open_live_server(environment):
        pass


def test_a_configured_dsn_that_is_not_a_url_is_refused_with_an_example():
    environment = {"MNEMO_TEST_DSN": "root@tcp(127.0.0.1:4000)/test"}
    with (
        pytest.raises(UnusableDatabase, match=r"tidb://root@127\.0\.0\.1:4000/test"),
        open_live_server(environment),
    ):
        pass


def test_a_configured_dsn_where_nothing_listens_is_an_error_not_a_skip(monkeypatch):
    monkeypatch.setattr(livedb, "GIVEN_SECONDS", 0.3)
    environment = {"MNEMO_TEST_DSN": f"tidb://root@127.0.0.1:{livedb.free_port()}/test"}
    with pytest.raises(UnusableDatabase, match="nothing answers"), open_live_server(environment):
        pass


def test_a_configured_dsn_keeps_its_login_and_options(live_server):
    given = f"{live_server.engine}://ann:s%2Fecret@127.0.0.1:{live_server.port}/old?tls=true"
    with open_live_server({"MNEMO_TEST_DSN": given}) as server:
        assert server.dsn("new") == given.replace("/old", "/new")
        assert "ecret" not in f"{server} {server!r}"


def test_a_program_that_does_not_start_shows_the_end_of_its_log():
    class Broken:
        title, start_seconds = "broken-server", 20.0

        def command(self, folder, port):
            return [sys.executable, "-c", f"raise SystemExit('no room in {folder} for {port}')"]

    with pytest.raises(UnusableDatabase, match="no room in"), livedb.started(Broken()):
        pass


@pytest.mark.parametrize("launcher", LOCAL, ids=lambda launcher: launcher.title)
def test_every_database_of_this_machine_starts_responds_and_leaves_nothing_behind(launcher: Launcher):
    with livedb.started(launcher) as server:
        assert launcher.title in str(server)
        assert server.engine in {"tidb", "mariadb"}
        socket.create_connection((server.host, server.port), timeout=5).close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((server.host, server.port), timeout=5)


def test_a_test_gets_its_own_empty_database(live_dsn, live_server):
    assert re.fullmatch(rf"{live_server.engine}://root@127\.0\.0\.1:\d+/mnemos_t_[0-9a-f]+", live_dsn)


async def test_an_async_test_can_request_its_database_while_it_runs(request):
    assert "/mnemos_t_" in request.getfixturevalue("live_dsn")


def test_a_database_does_not_outlive_a_killed_owner(tmp_path):
    """Kill -9 of the owner closes its pipe; the guard sees that, ends the program and removes its folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout
    program_id = int(owner.stdout.readline())
    owner.send_signal(signal.SIGKILL)
    owner.wait(10)
    owner.stdout.close()
    assert eventually(lambda: not folder.exists())
    assert eventually(lambda: not Path(f"/proc/{program_id}").exists() or not is_alive(program_id))


OWNER = """
import pathlib, sys, time
from tests.support.databases import livedb
folder = pathlib.Path(sys.argv[1])
say = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(60)"
with livedb.guarded([sys.executable, "-c", say], folder):
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        time.sleep(0.02)
    print((folder / "pid").read_text(), flush=True)
    time.sleep(60)
"""


def is_alive(process_id: int) -> bool:
    """Return whether a process exists; one that has ended and was collected by its parent doesn't."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(condition, seconds: float = 20) -> bool:
    """Wait until a condition is true, at most `seconds`; return whether it became true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_docker_and_the_workflow_run_the_same_tidb():
    assert f"image: {TIDB_IMAGE}\n" in (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
