"""Run a program for as long as the process that started it lives, then remove its folder.

Started as `python guard.py FOLDER COMMAND…` with a pipe on standard input. The other end of the pipe
closes when its owner closes it or dies, by Ctrl-C or kill -9 alike, so nothing is left running.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys

POLL_SECONDS = 0.2
STOP_SECONDS = 15


def main(folder: str, command: list[str]) -> int:
    """Run `command` until it ends (1) or standard input closes (0)."""
    program = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, env=os.environ | {"TMPDIR": folder}, process_group=0
    )
    while program.poll() is None:
        readable, _, _ = select.select([sys.stdin], [], [], POLL_SECONDS)
        if readable:
            stop(program)
            shutil.rmtree(folder, ignore_errors=True)
            return 0
    return 1  # the folder stays: its log shows why


def stop(program: subprocess.Popen[bytes]) -> None:
    """Ask the whole process group to stop, and kill it when it doesn't."""
    os.killpg(program.pid, signal.SIGTERM)
    try:
        program.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
