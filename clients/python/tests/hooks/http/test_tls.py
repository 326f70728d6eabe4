"""Hooks reach https servers whose certificates come from a company's own authority."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mnemos.hooks.http.connection import Connection, ConnectionFailed, Deadline
from mnemos.hooks.http.network import DIRECT, Network

from clients.python.tests.hooks.http.test_connection import hang
from clients.python.tests.hooks.support import Recorder, make_answer, read_request, run_socket

#: The file in which OpenSSL looks for an authority named CN=Company.
OPENSSL_NAME = "11a9ec0d.0"


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Path:
    """A folder with an authority's certificate, and with certificate and key of a server on 127.0.0.1."""
    folder = tmp_path_factory.mktemp("authority")
    own_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    own_name = x509.Name.from_rfc4514_string("CN=Company")
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)

    def issue(name: x509.Name, public_key, extension: x509.ExtensionType) -> bytes:
        builder = x509.CertificateBuilder(own_name, name, public_key, x509.random_serial_number())
        builder = builder.not_valid_before(begin).not_valid_after(begin + dt.timedelta(days=10))
        certificate = builder.add_extension(extension, critical=True).sign(own_key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)

    constraints = x509.BasicConstraints(ca=True, path_length=None)
    (folder / "ca.pem").write_bytes(issue(own_name, own_key.public_key(), constraints))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    served = issue(x509.Name([]), key.public_key(), names)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(served + secret)
    return folder


@pytest.fixture
def secure(authority):
    """Puts TLS before a behaviour."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem")

    def secure(behaviour):
        def serve(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as wrapped:
                behaviour(wrapped)

        return serve

    return secure


def get(url: str, network: Network, *paths: str, seconds: float = 5) -> list[bytes]:
    connection = Connection(url.replace("http:", "https:"), Deadline(seconds), network)
    try:
        return [connection.request("GET", path, {"X-API-Key": "k"}).body for path in paths]
    finally:
        connection.close()


def test_one_secure_connection_serves_several_requests(secure, authority) -> None:
    server, opened = Recorder(make_answer(b"1"), make_answer(b"2")), []
    behaviour = secure(server)
    with run_socket(lambda connection: (opened.append(1), behaviour(connection))) as url:
        assert get(url, Network(ca_file=str(authority / "ca.pem")), "/a", "/b") == [b"1", b"2"]

    assert len(opened) == 1
    assert server.requests[1][1]["x-api-key"] == "k"


def test_a_folder_of_authorities_is_trusted_too(secure, authority, tmp_path) -> None:
    (tmp_path / OPENSSL_NAME).write_bytes((authority / "ca.pem").read_bytes())
    with run_socket(secure(Recorder(make_answer(b"1")))) as url:
        assert get(url, Network(ca_folder=str(tmp_path)), "/") == [b"1"]


def test_an_unknown_authority_is_not_trusted(secure) -> None:
    server = Recorder(make_answer(b"1"))
    with (
        run_socket(secure(server)) as url,
        pytest.raises(ConnectionFailed, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        get(url, DIRECT, "/")
    assert server.requests == []  # the key wasn't sent


def test_a_file_of_authorities_that_does_not_exist_is_the_reason(secure) -> None:
    with (
        run_socket(secure(Recorder(make_answer(b"1")))) as url,
        pytest.raises(ConnectionFailed, match="FileNot"),
    ):
        get(url, Network(ca_file="/nowhere.pem"), "/")


def test_a_proxy_passes_a_secure_connection_on(secure, authority) -> None:
    server = Recorder(make_answer(b"1"), make_answer(b"2"))
    behaviour, asked = secure(server), []

    def proxy(connection: socket.socket) -> None:
        asked.append(read_request(connection)[0])
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        behaviour(connection)

    with run_socket(proxy) as url:
        network = Network(proxy=url, ca_file=str(authority / "ca.pem"))
        assert get("http://127.0.0.1:9", network, "/a", "/b") == [b"1", b"2"]

    assert asked == ["CONNECT 127.0.0.1:9 HTTP/1.1"]
    assert server.requests[0][0] == "GET /a HTTP/1.1"


def test_a_plain_server_is_reached_through_a_secure_proxy(secure, authority) -> None:
    proxy = Recorder(make_answer(b"1"))
    with run_socket(secure(proxy)) as url:
        network = Network(proxy=url.replace("http:", "https:"), ca_file=str(authority / "ca.pem"))
        connection = Connection("http://memory.example", Deadline(5), network)
        assert connection.request("GET", "/a", {}).body == b"1"
        connection.close()

    assert proxy.requests[0][0] == "GET http://memory.example/a HTTP/1.1"


def test_a_server_that_hangs_before_tls_is_left_at_the_deadline() -> None:
    with run_socket(hang) as url, pytest.raises(ConnectionFailed, match="timed out"):
        get(url, DIRECT, "/", seconds=0.2)


def test_a_server_that_hangs_after_tls_is_left_at_the_deadline(secure, authority) -> None:
    heard = threading.Event()
    behaviour = secure(lambda connection: (read_request(connection), heard.set(), hang(connection)))
    with run_socket(behaviour) as url, pytest.raises(ConnectionFailed, match="timed out"):
        get(url, Network(ca_file=str(authority / "ca.pem")), "/", seconds=2)
    assert heard.is_set()
