"""The database programs a test run can start, best first: tidb-server, Docker's TiDB, MariaDB."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

TIDB_IMAGE = "pingcap/tidb:v8.5.3"  # the one that .github/workflows/ci.yml runs as a service
TO_INSTALL = "put a tidb-server on PATH, start Docker, or apt-get install mariadb-server"


class Launcher(Protocol):
    """One way to start a database that speaks the MySQL protocol."""

    @property
    def title(self) -> str:
        """What is started and from where, for messages."""
        ...

    @property
    def start_seconds(self) -> float:
        """Seconds that it may take until it responds."""
        ...

    def command(self, folder: Path, port: int) -> list[str]:
        """Prepare `folder` and return the command that serves on 127.0.0.1:`port` as root, no password."""
        ...


@dataclass(frozen=True, slots=True)
class TidbServer:
    """A `tidb-server` with its data in memory."""

    program: str
    start_seconds: float = 60

    @property
    def title(self) -> str:
        """See `Launcher`."""
        return self.program

    def command(self, folder: Path, port: int) -> list[str]:
        """See `Launcher`. `-socket` and `-temp-dir` keep it from leaving files in /tmp."""
        return [
            self.program, "-store", "unistore", "-path", "", "-host", "127.0.0.1", "-P", str(port),
            "-report-status=false", "-L", "warn",
            "-socket", f"{folder}/tidb.sock", "-temp-dir", f"{folder}/tidb",
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class DockerTidb:
    """TiDB's official image."""

    program: str
    start_seconds: float = 300  # the first start fetches the image

    @property
    def title(self) -> str:
        """See `Launcher`."""
        return f"Docker image {TIDB_IMAGE}"

    def command(self, folder: Path, port: int) -> list[str]:
        """See `Launcher`. The container carries the folder's name and removes itself."""
        publish = f"127.0.0.1:{port}:4000"
        return [self.program, "run", "--rm", "--init", "--name", folder.name, "-p", publish, TIDB_IMAGE]


@dataclass(frozen=True, slots=True)
class MariaDb:
    """A `mariadbd` with its own data folder, port and socket, independent of the machine's own service."""

    program: str
    installer: str
    start_seconds: float = 60

    @property
    def title(self) -> str:
        """See `Launcher`."""
        return self.program

    def command(self, folder: Path, port: int) -> list[str]:
        """See `Launcher`. As root it runs as `mysql`, because MariaDB refuses to run as root."""
        data = f"--datadir={folder}/data"
        user = ["--user=mysql"] if os.geteuid() == 0 else []
        if user:
            shutil.chown(folder, "mysql")
        login = "--auth-root-authentication-method=normal"  # root, no password, over TCP too
        install = [self.installer, "--no-defaults", data, *user, login, "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True, timeout=self.start_seconds)
        return [
            self.program, "--no-defaults", data, *user, f"--port={port}", "--bind-address=127.0.0.1",
            f"--socket={folder}/mariadb.sock", f"--pid-file={folder}/mariadb.pid", "--skip-name-resolve",
            "--max-connections=500",
        ]  # fmt: skip


def find_launchers(environment: Mapping[str, str]) -> Iterator[Launcher]:
    """Yield what this machine can start, best first; Docker is tried only when there is nothing better."""
    path = environment.get("PATH", os.defpath)
    if tidb := shutil.which("tidb-server", path=path):
        yield TidbServer(tidb)
    if (docker := shutil.which("docker", path=path)) and has_docker_daemon(docker):
        yield DockerTidb(docker)
    with_sbin = f"{path}{os.pathsep}/usr/sbin"  # where Debian puts mariadbd, often not on a user's PATH
    mariadb, installer = (shutil.which(name, path=with_sbin) for name in ("mariadbd", "mariadb-install-db"))
    if mariadb and installer:
        yield MariaDb(mariadb, installer)


def has_docker_daemon(docker: str) -> bool:
    """Return whether the daemon responds, and not only the client."""
    try:
        return subprocess.run([docker, "info"], capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
