"""Servers in good and in bad condition, each as an address for hooks."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

#: What a bad server does with one connection; it is closed afterwards.
Behaviour = Callable[[socket.socket], None]

#: Names of the conditions, in the order of the report.
UP = "up"
REFUSING = "stopped"
HUNG = "hung"
SILENT = "drops connections"
GARBAGE = "answers no HTTP"
ENDLESS = "endless headers"
DRIP = "a byte at a time"
NAMELESS = "no such name"
BAD_CONDITIONS = (REFUSING, HUNG, SILENT, GARBAGE, ENDLESS, DRIP, NAMELESS)

_HEADER_LINE = b"X-Filler: " + b"x" * 1_000 + b"\r\n"
_DRIP_SECONDS = 0.01
#: Limit of connections that are opened until the kernel drops further ones.
_MAX_FILLERS = 8
_CONNECT_SECONDS = 0.2


def open_bad_server(name: str, stack: ExitStack) -> str:
    """Start a server in a bad condition and return its URL; it stops when the stack closes."""
    if name == NAMELESS:
        return "http://mnemos.invalid:8080"
    if name == REFUSING:
        return f"http://127.0.0.1:{_find_closed_port()}"
    if name == SILENT:
        return stack.enter_context(_run_silent())
    return stack.enter_context(
        _run({HUNG: _hang, GARBAGE: _send_garbage, ENDLESS: _send_endless_headers, DRIP: _drip}[name])
    )


def _hang(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def _send_garbage(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"\x00\xff\r\n" * 2_000)


def _send_endless_headers(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(_HEADER_LINE)


def _drip(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(_DRIP_SECONDS)


@contextmanager
def _run(behaviour: Behaviour) -> Iterator[str]:
    """Run a server that does the same with every connection."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            behaviour(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=[connection], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextmanager
def _run_silent() -> Iterator[str]:
    """Fill the queue of a listener that never accepts: Linux then drops further attempts to connect.

    A firewall that drops packets has the same effect, and so has an address without a machine.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        for _ in range(_MAX_FILLERS):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(_CONNECT_SECONDS)
            try:
                filler.connect(address)
            except TimeoutError:
                break
        else:
            raise RuntimeError("this kernel drops no connections; leave the condition out")
        yield f"http://127.0.0.1:{address[1]}"


def _find_closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
