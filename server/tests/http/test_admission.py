from __future__ import annotations

import pytest

BASE = "/v1alpha2/mem9s/memories"


async def test_keys_are_asked_for_as_clients_of_mem9_expect(app):
    cases = [
        (BASE, {"X-API-Key": ""}, 400, "missing_api_key", "missing API key"),
        (BASE, {"X-API-Key": "wrong"}, 400, "invalid_api_key", "invalid API key"),
        ("/v1alpha1/mem9s/wrong/memories", {}, 404, "tenant_not_found", "tenant not found"),
        ("/v1alpha2/status", {"X-API-Key": " "}, 401, "malformed_api_key", "missing or malformed X-API-Key"),
        ("/v1alpha2/status", {"X-API-Key": "wrong"}, 404, "key_not_found", "key not found"),
    ]
    for path, headers, expected_status, code, sentence in cases:
        status, answer, _ = await app.call("GET", path, headers=headers)
        assert (status, answer["code"], answer["error"]) == (expected_status, code, sentence)


async def test_a_key_opens_both_versions_of_the_api(app):
    for path in (BASE, f"/v1alpha1/mem9s/{app.api_key}/memories"):
        status, answer, _ = await app.call("GET", path)
        assert (status, answer["total"]) == (200, 0)
    status, answer, _ = await app.call("GET", "/v1alpha2/status", headers={"X-API-Key": f" {app.api_key} "})
    assert (status, answer) == (200, {"status": "active"})


async def test_no_log_line_shows_a_key(app, capsys):
    await app.call("GET", f"/v1alpha1/mem9s/{app.api_key}/memories")
    await app.call("GET", f"/v1alpha1/mem9s/{app.api_key}/nowhere")
    await app.call("GET", f"/v1alpha1/mem9s/{app.api_key}")

    logged = capsys.readouterr()
    assert "request" in logged.out + logged.err
    assert app.api_key not in logged.out + logged.err


async def test_too_many_requests_are_told_when_to_come_back(open_app):
    app = await open_app(rate_limit=1, rate_burst=3)

    answers = [await app.call("GET", "/versionz") for _ in range(4)]

    assert [status for status, _, _ in answers] == [200, 200, 200, 429]
    _, body, headers = answers[-1]
    assert body["code"] == "rate_limited"
    assert (headers["Retry-After"], headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == (
        "1",
        "3",
        "0",
    )


async def test_probes_are_answered_however_busy_an_address_is(open_app):
    app = await open_app(rate_limit=1, rate_burst=1)

    statuses = [(await app.call("GET", path))[0] for path in ("/healthz", "/readyz") * 3]

    assert statuses == [200] * 6


async def test_a_key_has_a_rate_of_its_own_behind_a_proxy(open_app):
    app = await open_app(rate_limit=1, rate_burst=2, trusted_proxies="127.0.0.1")

    statuses = []
    for number in range(3):
        status, _, _ = await app.call("GET", BASE, headers={"X-Forwarded-For": f"9.9.9.{number}"})
        statuses.append(status)

    assert statuses == [200, 200, 429]


async def test_provisioning_can_take_a_token(open_app):
    app = await open_app(provision_token="let-me")

    status, answer, _ = await app.call("POST", "/v1alpha1/mem9s")
    assert (status, answer["code"]) == (403, "access_denied")
    status, answer, _ = await app.call("POST", "/v1alpha1/mem9s", headers={"Authorization": "Bearer let-me"})
    assert status == 201
    status, _, _ = await app.call("GET", BASE, headers={"X-API-Key": answer["id"]})
    assert status == 200


async def test_an_address_makes_only_so_many_tenants(open_app):
    app = await open_app(provision_per_hour=2)

    statuses = [(await app.call("POST", "/v1alpha1/mem9s"))[0] for _ in range(3)]

    assert statuses == [201, 201, 429]


async def test_metrics_are_for_this_machine_and_for_admins(open_app):
    app = await open_app(trusted_proxies="127.0.0.1", admin_key="ops")
    far = {"X-Forwarded-For": "9.9.9.9"}

    for headers, expected in (({}, 200), (far, 403), (far | {"Authorization": "Bearer ops"}, 200)):
        async with app.client.get("/metrics", headers=headers) as answer:
            assert answer.status == expected
            text = await answer.text()
    assert "mnemo_db_round_trips" in text
    assert app.api_key not in text


@pytest.mark.parametrize("header", ["X-Mnemo-Agent-Id", "X-Mnemo-Project", "X-Mnemo-Session-Id"])
async def test_names_in_headers_have_a_limit(app, header: str):
    status, answer, _ = await app.call("GET", BASE, headers={header: "x" * 201})

    assert (status, answer["error"]) == (400, f"{header}: too long (max 200 characters)")


async def test_headers_give_defaults_that_the_body_overrides(app):
    headers = {"X-Mnemo-Agent-Id": " ann ", "X-Mnemo-Project": "p", "X-Mnemo-Session-Id": "s"}
    _, plain, _ = await app.call("POST", BASE, json={"content": "x"}, headers=headers)
    body = {"content": "x", "agent_id": "bob", "project": "q", "session_id": "t"}
    _, explicit, _ = await app.call("POST", BASE, json=body, headers=headers)

    named = [
        {field: answer["memory"][field] for field in ("agent_id", "project", "session_id", "source")}
        for answer in (plain, explicit)
    ]
    assert named == [
        {"agent_id": "ann", "project": "p", "session_id": "s", "source": "ann"},
        {"agent_id": "bob", "project": "q", "session_id": "t", "source": "bob"},
    ]
