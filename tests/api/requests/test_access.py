"""Keys, provisioning, rate limits and the pages that only this machine may read."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.support.interfaces.rest import RestApi, provision
from tests.support.servers import RunningServer, start_server

BAD_KEY = "mnk_" + "x" * 32
BURST = 5
PROVISIONS = 3


def ask(url: str, path: str, method: str = "GET", **headers: str) -> httpx2.Response:
    return httpx2.request(method, url + path, headers=headers, timeout=30, trust_env=False)


def test_a_provisioned_key_opens_an_empty_memory_in_both_versions(server: RunningServer, keys: list[str]):
    answer = ask(server.url, "/v1alpha1/mem9s?utm_source=x", "POST")
    assert (answer.status_code, list(answer.json())) == (201, ["id"])
    key = answer.json()["id"]
    keys.append(key)
    for version in ("v1alpha1", "v1alpha2"):
        with RestApi(server.url, key, version) as api:
            assert api.page()["total"] == 0


def test_two_provisioned_keys_differ(new_key):
    assert new_key() != new_key()


def test_a_key_with_blanks_around_it_is_the_same_key(server: RunningServer):
    assert ask(server.url, f"/v1alpha1/mem9s/%20{server.api_key}%20/memories").status_code == 200


REFUSALS = {
    "missing": ("/v1alpha2/mem9s/memories", {}, (400, "missing_api_key", "missing API key")),
    "empty": ("/v1alpha2/mem9s/memories", {"X-API-Key": ""}, (400, "missing_api_key", "missing API key")),
    "bad-in-header": (
        "/v1alpha2/mem9s/memories",
        {"X-API-Key": BAD_KEY},
        (400, "invalid_api_key", "invalid API key"),
    ),
    "bad-in-path": (f"/v1alpha1/mem9s/{BAD_KEY}/memories", {}, (404, "tenant_not_found", "tenant not found")),
    "status-missing": ("/v1alpha2/status", {}, (401, "malformed_api_key", "missing or malformed X-API-Key")),
    "status-bad": ("/v1alpha2/status", {"X-API-Key": BAD_KEY}, (404, "key_not_found", "key not found")),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_bad_key_gets_the_response_that_clients_of_mem9_expect(server: RunningServer, case: str):
    path, headers, expected = REFUSALS[case]
    answer = ask(server.url, path, **headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["error"]) == expected


def test_the_status_of_a_good_key_is_active(server: RunningServer):
    answer = ask(server.url, "/v1alpha2/status", **{"X-API-Key": server.api_key})
    assert (answer.status_code, answer.json()) == (200, {"status": "active"})


def test_a_bad_key_is_reported_before_a_bad_body(server: RunningServer):
    answer = httpx2.post(
        f"{server.url}/v1alpha2/mem9s/memories", content=b"{", headers={"X-API-Key": BAD_KEY}, trust_env=False
    )
    assert answer.json()["code"] == "invalid_api_key"


@pytest.mark.parametrize("header", ["X-Mnemo-Agent-Id", "X-Mnemo-Project", "X-Mnemo-Session-Id"])
def test_a_header_name_that_is_too_long_is_refused(api: RestApi, header: str):
    answer = api.post({"content": "x"}, **{header: "n" * 201})
    assert (answer.status_code, answer.json()["fields"]["field"]) == (400, header)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server behind a proxy with every protection on; its rate limits refill too slowly to matter here."""
    folder = tmp_path_factory.mktemp("guarded")
    server = start_server(
        folder,
        f"sqlite:///{folder / 'memories.db'}",
        rate_limit="0.02",
        rate_burst=str(BURST),
        provision_per_hour=str(PROVISIONS),
        provision_token="open-sesame",
        admin_key="of-the-house",
        trusted_proxies="127.0.0.0/8, 10.0.0.0/8",
    )
    yield server
    server.stop()


def from_address(address: str, **headers: str) -> dict[str, str]:
    """Headers that a proxy sends for a remote caller."""
    return {"X-Forwarded-For": address} | headers


def with_token(address: str) -> dict[str, str]:
    return from_address(address, Authorization="Bearer open-sesame")


def test_provisioning_requires_the_token_where_one_is_set(guarded: RunningServer):
    for headers in (from_address("192.0.2.1"), from_address("192.0.2.1", Authorization="Bearer guess")):
        answer = ask(guarded.url, "/v1alpha1/mem9s", "POST", **headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
    assert provision(guarded.url, **with_token("192.0.2.1"))


def test_provisioning_has_its_own_rate_limit(guarded: RunningServer):
    for _ in range(PROVISIONS):
        provision(guarded.url, **with_token("192.0.2.2"))
    answer = ask(guarded.url, "/v1alpha1/mem9s", "POST", **with_token("192.0.2.2"))
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert int(answer.headers["Retry-After"]) > 60
    assert ask(guarded.url, "/versionz", **from_address("192.0.2.2")).status_code == 200


def check_rate_limited(answer: httpx2.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    seconds = answer.headers["Retry-After"]
    assert 1 <= int(seconds) <= 50
    rates = {name: answer.headers[f"RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")}
    assert rates == {"Limit": str(BURST), "Remaining": "0", "Reset": seconds}
    assert answer.json()["error"] == f"rate limit exceeded; try again in {seconds} s"


def test_an_address_is_limited_to_its_rate_and_others_go_on(guarded: RunningServer):
    here, there = from_address("192.0.2.3"), from_address("192.0.2.4")
    assert [ask(guarded.url, "/versionz", **here).status_code for _ in range(BURST)] == [200] * BURST
    check_rate_limited(ask(guarded.url, "/versionz", **here))
    assert ask(guarded.url, "/versionz", **there).status_code == 200


def test_a_key_is_limited_to_its_rate_from_any_address(guarded: RunningServer):
    key = provision(guarded.url, **with_token("192.0.2.5"))
    headers = [from_address(f"198.51.100.{number}", **{"X-API-Key": key}) for number in range(BURST + 1)]
    answers = [ask(guarded.url, "/v1alpha2/mem9s/memories", **one) for one in headers]
    assert [answer.status_code for answer in answers[:-1]] == [200] * BURST
    check_rate_limited(answers[-1])


def test_probes_always_get_a_response(guarded: RunningServer):
    for path in ("/healthz", "/readyz"):
        answers = [ask(guarded.url, path, **from_address("192.0.2.6")) for _ in range(3 * BURST)]
        assert {answer.status_code for answer in answers} == {200}


def test_proxy_headers_from_untrusted_addresses_are_ignored(guarded: RunningServer):
    # The proxy appends the address it sees; the caller can write anything before that.
    forged = [from_address(f"203.0.113.{number}, 192.0.2.7, 10.1.2.3") for number in range(BURST + 1)]
    assert ask(guarded.url, "/versionz", **forged[0]).status_code == 200
    assert [ask(guarded.url, "/versionz", **one).status_code for one in forged[1:]][-1] == 429


def test_without_trusted_proxies_their_headers_are_ignored(server: RunningServer):
    assert ask(server.url, "/metrics", **from_address("192.0.2.8")).status_code == 200


def test_metrics_are_open_to_this_machine_and_to_the_admin_key(guarded: RunningServer, server: RunningServer):
    answer = ask(guarded.url, "/metrics", **from_address("192.0.2.9"))
    assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
    admin = from_address("192.0.2.9", Authorization="Bearer of-the-house")
    assert ask(guarded.url, "/metrics", **admin).status_code == 200
    here = ask(server.url, "/metrics")
    assert here.headers["Content-Type"].startswith("text/plain")
    for name in ("mnemo_http_requests_total", "mnemo_http_request_seconds", "mnemo_db_round_trips"):
        assert name in here.text


def test_no_metric_and_no_label_contains_a_key(server: RunningServer, old_api: RestApi):
    old_api.page()
    assert old_api.api_key not in ask(server.url, "/metrics").text
