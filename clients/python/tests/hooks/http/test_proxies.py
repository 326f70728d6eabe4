"""Hooks reach a server by the same way as the command line."""

from __future__ import annotations

import os

import httpx2
import pytest
from mnemos.hooks.http.connection import Connection, ConnectionFailed, Deadline
from mnemos.hooks.http.network import Network, read_network

from clients.python.tests.hooks.support import Recorder, make_answer, run_socket

PROXY = "http://proxy.example:3128"
FAR = "https://memory.example"


def get_through(proxy: str, url: str):
    connection = Connection(url, Deadline(5), Network(proxy))
    try:
        return connection.request("GET", "/path?q=1", {"X-API-Key": "k"})
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("environment", "url", "has_proxy"),
    [
        ({}, FAR, False),
        ({"HTTPS_PROXY": PROXY}, FAR, True),
        ({"https_proxy": PROXY}, FAR, True),
        ({"HTTPS_PROXY": PROXY}, "http://memory.example", False),
        ({"HTTP_PROXY": PROXY}, "http://memory.example", True),
        ({"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, "http://memory.example", False),
        ({"http_proxy": PROXY, "REQUEST_METHOD": "GET"}, "http://memory.example", True),
        ({"HTTP_PROXY": PROXY}, FAR, False),
        ({"ALL_PROXY": PROXY}, FAR, True),
        ({"all_proxy": PROXY}, "http://memory.example", True),
        ({"HTTPS_PROXY": "proxy.example:3128"}, FAR, True),
        ({"HTTPS_PROXY": ""}, FAR, False),
        ({"HTTPS_PROXY": PROXY, "https_proxy": ""}, FAR, False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "*"}, FAR, False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "memory.example"}, FAR, False),
        ({"ALL_PROXY": PROXY, "no_proxy": "other.example, MEMORY.example"}, FAR, False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "other.example", "no_proxy": ""}, FAR, True),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "example"}, FAR, False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "ample"}, FAR, True),
        ({"ALL_PROXY": PROXY, "NO_PROXY": ".memory.example"}, FAR, True),
        ({"ALL_PROXY": PROXY, "NO_PROXY": ".example"}, FAR, False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "*.example"}, FAR, False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "memory.example:8443"}, FAR, True),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "memory.example:8443"}, f"{FAR}:8443", False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "http://memory.example"}, FAR, True),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "https://memory.example"}, FAR, False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, "http://10.1.2.3:8080", False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, "http://11.1.2.3:8080", True),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, FAR, True),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "10.1.2.3"}, "http://10.1.2.3:8080", False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "fd00::1"}, "http://[fd00::1]:8080", False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "fd00::/8"}, "http://[fd00::1]:8080", False),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "nonsense/8,, ,http://[,"}, FAR, True),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "localhost"}, "http://x.localhost", True),
    ],
)
def test_a_proxy_is_used_where_the_command_line_uses_it(environment, url, has_proxy, monkeypatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert read_network(environment, url).proxy == (PROXY if has_proxy else "")
    with httpx2.Client() as client:
        transport = client._transport_for_url(httpx2.URL(url))
        assert (transport is not client._transport) == has_proxy


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_server_on_this_machine_is_never_behind_a_proxy(host) -> None:
    assert read_network({"ALL_PROXY": PROXY}, f"http://{host}:8080").proxy == ""


def test_a_proxy_is_asked_for_the_whole_address() -> None:
    proxy = Recorder(make_answer(b"found"))
    with run_socket(proxy) as url:
        found = get_through(url.replace("://", "://ada:p%40ss@"), "http://memory.example:8080/prefix")

    assert found.body == b"found"
    first, headers, _ = proxy.requests[0]
    assert first == "GET http://memory.example:8080/prefix/path?q=1 HTTP/1.1"
    assert headers["host"] == "memory.example:8080"
    assert headers["proxy-authorization"] == "Basic YWRhOnBAc3M="  # ada:p@ss


def test_an_https_server_is_reached_through_a_tunnel_that_never_sees_the_key() -> None:
    proxy = Recorder(make_answer(b"", 407))
    with run_socket(proxy) as url, pytest.raises(ConnectionFailed, match=r"proxy refuses .* status 407"):
        get_through(url.replace("://", "://ada:pass@"), FAR)

    first, headers, _ = proxy.requests[0]
    assert first == "CONNECT memory.example:443 HTTP/1.1"
    assert headers["host"] == "memory.example:443"
    assert headers["proxy-authorization"] == "Basic YWRhOnBhc3M="
    assert "x-api-key" not in headers


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1080", "https://127.0.0.1:3128", "http://", "http://[::1"]
)
def test_a_proxy_that_hooks_cannot_use_is_named_as_the_reason(proxy) -> None:
    with pytest.raises(ConnectionFailed, match="prox"):
        get_through(proxy, FAR)


def test_a_file_of_authorities_takes_precedence_over_a_folder() -> None:
    environment = {"SSL_CERT_FILE": "/ca.pem", "SSL_CERT_DIR": "/ca"}
    assert read_network(environment, FAR) == Network("", "/ca.pem", "")
    assert read_network({"SSL_CERT_DIR": "/ca"}, FAR) == Network("", "", "/ca")
