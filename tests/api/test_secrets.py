"""No key and no password is logged, whatever the request and however it fails."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2

from tests.support.interfaces.rest import RestApi, provision
from tests.support.servers import start_server

SECRET_BODY = "the launch code is 0000"


def send_raw(url: str, request: bytes) -> None:
    """Send bytes that no HTTP client would, and wait for the response."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(request)
        assert connection.recv(64).startswith(b"HTTP/1.0 400")


def test_no_key_and_no_content_is_logged_even_when_debugging(tmp_path: Path):
    server = start_server(
        tmp_path, f"sqlite:///{tmp_path / 'm.db'}", log_level="debug", provision_token="tok-secret-1"
    )
    key = provision(server.url, Authorization="Bearer tok-secret-1")
    for version in ("v1alpha1", "v1alpha2"):
        with RestApi(server.url, key, version) as api:
            memory = api.store(SECRET_BODY)
            api.page(q=SECRET_BODY)
            api.put(memory["id"], {"content": SECRET_BODY * 2})
            api.send("POST", "/memories", content=b'{"content": "' + SECRET_BODY.encode())
            api.send("GET", "/nothing")
            api.send("PATCH", "/memories")
    for path in (
        f"/v1alpha2/mem9s/{key}/memories",
        f"/V1alpha1/mem9s/{key}/memories",
        f"/v1alpha1//mem9s/{key}",
    ):
        httpx2.get(server.url + path, trust_env=False)
    send_raw(
        server.url,
        f"GET /v1alpha1/mem9s/{key}/memories?q=".encode() + b"\xe4\xb8\xad HTTP/1.1\r\nHost: x\r\n\r\n",
    )
    send_raw(server.url, f"GET /v1alpha2/status HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\x01\r\n\r\n".encode())
    guesses = ["mnk_" + "guess" * 7, "a b", "../x", "%"]
    for guess in guesses[:1]:
        httpx2.get(f"{server.url}/v1alpha2/mem9s/memories", headers={"X-API-Key": guess}, trust_env=False)
    for guess in guesses:
        httpx2.get(f"{server.url}/v1alpha1/mem9s/{quote(guess, safe='')}/memories", trust_env=False)
    httpx2.post(
        f"{server.url}/v1alpha1/mem9s", headers={"Authorization": "Bearer tok-wrong-1"}, trust_env=False
    )
    assert server.stop() == 0
    log = server.log_path.read_text()
    for secret in (key, server.api_key, guesses[0], "tok-secret-1", "tok-wrong-1", "launch code"):
        assert secret not in log
    assert log.count('"event": "request"') >= 16
