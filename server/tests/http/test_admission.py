from __future__ import annotations

import pytest

BASE = "/v1alpha2/mem9s/memories"


async def test_missing_and_invalid_keys_get_the_errors_of_mem9(app):
    cases = [
        (BASE, {"X-API-Key": ""}, 400, "missing_api_key", "missing API key"),
        (BASE, {"X-API-Key": "wrong"}, 400, "invalid_api_key", "invalid API key"),
        ("/v1alpha1/mem9s/wrong/memories", {}, 404, "tenant_not_found", "tenant not found"),
        ("/v1alpha2/status", {"X-API-Key": " "}, 401, "malformed_api_key", "missing or malformed X-API-Key"),
        ("/v1alpha2/status", {"X-API-Key": "wrong"}, 404, "key_not_found", "key not found"),
    ]
    for path, headers, expected_status, code, message in cases:
        status, response, _ = await app.call("GET", path, headers=headers)
        assert (status, response["code"], response["error"]) == (expected_status, code, message)


async def test_a_key_is_valid_in_both_versions_of_the_api(app):
    for path in (BASE, f"/v1alpha1/mem9s/{app.api_key}/memories"):
        status, response, _ = await app.call("GET", path)
        assert (status, response["total"]) == (200, 0)
    status, response, _ = await app.call("GET", "/v1alpha2/status", headers={"X-API-Key": f" {app.api_key} "})
    assert (status, response) == (200, {"status": "active"})


async def test_log_lines_contain_no_key(app, capsys):
    await app.call("GET", f"/v1alpha1/mem9s/{app.api_key}/memories")
    await app.call("GET", f"/v1alpha1/mem9s/{app.api_key}/nowhere")
    await app.call("GET", f"/v1alpha1/mem9s/{app.api_key}")

    logged = capsys.readouterr()
    assert "request" in logged.out + logged.err
    assert app.api_key not in logged.out + logged.err


async def test_too_many_requests_are_rejected_with_retry_after(open_app):
    app = await open_app(rate_limit=1, rate_burst=3)

    responses = [await app.call("GET", "/versionz") for _ in range(4)]

    assert [status for status, _, _ in responses] == [200, 200, 200, 429]
    _, body, headers = responses[-1]
    assert body["code"] == "rate_limited"
    assert (headers["Retry-After"], headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == (
        "1",
        "3",
        "0",
    )


async def test_probes_are_not_rate_limited(open_app):
    app = await open_app(rate_limit=1, rate_burst=1)

    statuses = [(await app.call("GET", path))[0] for path in ("/healthz", "/readyz") * 3]

    assert statuses == [200] * 6


async def test_each_key_has_its_own_rate_limit_behind_a_proxy(open_app):
    app = await open_app(rate_limit=1, rate_burst=2, trusted_proxies="127.0.0.1")

    statuses = []
    for number in range(3):
        status, _, _ = await app.call("GET", BASE, headers={"X-Forwarded-For": f"9.9.9.{number}"})
        statuses.append(status)

    assert statuses == [200, 200, 429]


async def test_provisioning_can_require_a_token(open_app):
    app = await open_app(provision_token="let-me")

    status, response, _ = await app.call("POST", "/v1alpha1/mem9s")
    assert (status, response["code"]) == (403, "access_denied")
    status, response, _ = await app.call(
        "POST", "/v1alpha1/mem9s", headers={"Authorization": "Bearer let-me"}
    )
    assert status == 201
    status, _, _ = await app.call("GET", BASE, headers={"X-API-Key": response["id"]})
    assert status == 200


async def test_provisioning_is_limited_per_address(open_app):
    app = await open_app(provision_per_hour=2)

    statuses = [(await app.call("POST", "/v1alpha1/mem9s"))[0] for _ in range(3)]

    assert statuses == [201, 201, 429]


async def test_metrics_are_restricted_to_this_machine_and_admins(open_app):
    app = await open_app(trusted_proxies="127.0.0.1", admin_key="ops")
    remote = {"X-Forwarded-For": "9.9.9.9"}

    for headers, expected in (({}, 200), (remote, 403), (remote | {"Authorization": "Bearer ops"}, 200)):
        async with app.client.get("/metrics", headers=headers) as response:
            assert response.status == expected
            text = await response.text()
    assert "mnemo_db_round_trips" in text
    assert app.api_key not in text


@pytest.mark.parametrize("header", ["X-Mnemo-Agent-Id", "X-Mnemo-Project", "X-Mnemo-Session-Id"])
async def test_header_values_have_a_maximum_length(app, header: str):
    status, response, _ = await app.call("GET", BASE, headers={header: "x" * 201})

    assert (status, response["error"]) == (400, f"{header}: too long (max 200 characters)")


async def test_headers_are_defaults_that_the_body_overrides(app):
    headers = {"X-Mnemo-Agent-Id": " ann ", "X-Mnemo-Project": "p", "X-Mnemo-Session-Id": "s"}
    _, plain, _ = await app.call("POST", BASE, json={"content": "x"}, headers=headers)
    body = {"content": "x", "agent_id": "bob", "project": "q", "session_id": "t"}
    _, explicit, _ = await app.call("POST", BASE, json=body, headers=headers)

    stored_fields = [
        {field: response["memory"][field] for field in ("agent_id", "project", "session_id", "source")}
        for response in (plain, explicit)
    ]
    assert stored_fields == [
        {"agent_id": "ann", "project": "p", "session_id": "s", "source": "ann"},
        {"agent_id": "bob", "project": "q", "session_id": "t", "source": "bob"},
    ]
