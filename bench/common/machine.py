"""What Linux reports about processes and the machine, read from /proc."""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_LISTENING = "0A"
#: They forward a container's port; their processor time says nothing about the database.
_PROXIES = {"docker-proxy", "rootlessport"}


def cpu_ms(pid: int) -> float:
    """Return the processor time a process has used so far, all threads, user and system, in ms."""
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000 / _TICKS_PER_SECOND


def machine_cpu_ms() -> tuple[float, float]:
    """Return the busy time and the available time of all processors since the machine started, in ms."""
    ticks = [int(field) for field in (_PROC / "stat").read_text().splitlines()[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) * 1_000 / _TICKS_PER_SECOND, sum(ticks) * 1_000 / _TICKS_PER_SECOND


def rss_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    return _read_status(pid, "VmRSS")


def peak_rss_bytes(pid: int) -> int:
    """Return the peak of a process's resident memory since `forget_peak_rss`."""
    return _read_status(pid, "VmHWM")


def forget_peak_rss(pid: int) -> None:
    """Reset the peak; the process must belong to the same user."""
    (_PROC / str(pid) / "clear_refs").write_text("5")


def _read_status(pid: int, name: str) -> int:
    status = (_PROC / str(pid) / "status").read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def find_listener(port: int) -> int | None:
    """Return the process that listens on a TCP port; None if it isn't visible to us, or only a proxy."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for folder in _PROC.glob("[0-9]*"):
        with suppress(OSError):
            if any(str(link.readlink()) in sockets for link in (folder / "fd").iterdir()):
                return None if (folder / "comm").read_text().strip() in _PROXIES else int(folder.name)
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(fields[9])
    return inodes


def describe_machine() -> str:
    """Describe processor, cores and memory in one line."""
    cpuinfo = (_PROC / "cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    memory = re.search(r"^MemTotal:\s+(\d+) kB", (_PROC / "meminfo").read_text(), re.MULTILINE)
    cores = len(os.sched_getaffinity(0))
    gibibytes = int(memory[1]) / 2**20 if memory else 0
    name = model[1].strip() if model else platform.machine()
    return f"{name}, {cores} cores, {gibibytes:.0f} GiB of memory, {platform.system()} {platform.release()}"
