from __future__ import annotations

import time

import pytest
from mnemos.hooks.http.connection import MAX_RESPONSE_BYTES, Connection, ConnectionFailed, Deadline

from clients.python.tests.hooks.support import Recorder, make_answer, read_request, run_socket


def get(url: str, seconds: float = 5.0):
    connection = Connection(url, Deadline(seconds))
    try:
        return connection.request("GET", "/path?q=1", {"X-API-Key": "k"})
    finally:
        connection.close()


def test_a_request_is_well_formed_and_its_answer_read() -> None:
    server = Recorder(make_answer(b'{"a":1}', extra="X-Name: value\r\n"))
    with run_socket(server) as url:
        answer = get(f"{url}/prefix/")

    assert (answer.status, answer.headers["x-name"], answer.body) == (200, "value", b'{"a":1}')
    first, headers, body = server.requests[0]
    assert first == "GET /prefix/path?q=1 HTTP/1.1"
    assert (headers["host"], headers["x-api-key"], body) == (url.removeprefix("http://"), "k", b"")


def test_one_connection_serves_several_requests() -> None:
    server = Recorder(make_answer(b"1"), make_answer(b"2"))
    opened = []
    with run_socket(lambda connection: (opened.append(1), server(connection))) as url:
        connection = Connection(url, Deadline(5))
        bodies = [connection.request("POST", "/", {}, b"body").body for _ in range(2)]
        connection.close()

    assert (bodies, len(opened)) == ([b"1", b"2"], 1)
    assert server.requests[1][2] == b"body"


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nE: x\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nabcde",
        b"HTTP/1.1 200\r\ncontent-length: 5\r\nconnection: close\r\n\r\nabcde and more",
    ],
)
def test_every_way_to_frame_a_body_is_read(raw) -> None:
    def answer(connection) -> None:
        read_request(connection)
        connection.sendall(raw)
        connection.close()

    with run_socket(answer) as url:
        assert get(url).body == b"abcde"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"garbage\r\n\r\n",
        b"\x00\xff" * 5000,
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabcde",
        f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_RESPONSE_BYTES + 1}\r\n\r\n".encode(),
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
def test_an_answer_that_is_none_is_told_as_one_error(raw) -> None:
    def answer(connection) -> None:
        read_request(connection)
        connection.sendall(raw)
        connection.close()

    with run_socket(answer) as url, pytest.raises(ConnectionFailed):
        get(url)


def test_an_endless_answer_is_given_up() -> None:
    def answer(connection) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    with run_socket(answer) as url, pytest.raises(ConnectionFailed, match="too large"):
        get(url)


def hang(connection) -> None:
    """Read and never answer."""
    while connection.recv(65_536):
        pass


def trickle(connection) -> None:
    """Answer so slowly that no single read times out."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.01)


@pytest.mark.parametrize("behaviour", [hang, trickle])
def test_a_slow_server_is_left_at_the_deadline(behaviour) -> None:
    with run_socket(behaviour) as url:
        start = time.monotonic()
        with pytest.raises(ConnectionFailed):  # nothing else ends this request
            get(url, 0.2)

    assert time.monotonic() - start > 0.15


def test_a_refused_connection_is_told() -> None:
    with pytest.raises(ConnectionFailed, match="refused"):
        get("http://127.0.0.1:9")


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "http://x:port", "http://[::1", "localhost:8080"])
def test_what_is_no_address_is_told(url) -> None:
    with pytest.raises(ConnectionFailed):
        get(url)


def test_no_header_can_smuggle_in_another() -> None:
    with run_socket(Recorder(make_answer(b""))) as url, pytest.raises(ConnectionFailed, match="control"):
        Connection(url, Deadline(1)).request("GET", "/", {"X-API-Key": "k\r\nX-Evil: 1"})


def test_an_https_server_that_speaks_no_tls_is_told() -> None:
    with run_socket(Recorder(make_answer(b""))) as url, pytest.raises(ConnectionFailed):
        get(url.replace("http:", "https:"), 2)
