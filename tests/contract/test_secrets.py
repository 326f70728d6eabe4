"""No key and no password reaches a log, whatever the request and however it fails."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import httpx2

from tests.support.rest import RestApi, provision
from tests.support.servers import start_server

SECRET_BODY = "the launch code is 0000"


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
