"""What models cost, seen from outside: the route and the metrics."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

EVENING = int(datetime(2026, 11, 24, 23, 59, tzinfo=UTC).timestamp()) * 1_000_000
USAGE = "/v1alpha2/mem9s/usage"


async def read_metrics(app) -> dict[tuple[str, str], float]:
    """Metrics with a kind, by name and kind."""
    async with app.client.get("/metrics") as answer:
        lines = re.findall(r'^(mnemo_\w+)\{kind="(\w+)"\} (\S+)$', await answer.text(), re.MULTILINE)
    return {(name, kind): float(value) for name, kind, value in lines}


@pytest.fixture
async def paid(open_app):
    """An application with prices, on an evening that doesn't end."""
    return await open_app(
        clock=lambda: EVENING,
        llm_daily_tokens=1_000,
        llm_price_input="0.15",
        llm_price_output="0.6",
        currency="EUR",
    )


async def spend(app, tokens: int, *used: int) -> None:
    """Make a call as the tenant of the key."""
    record = await app.services.tenants.find_key(app.api_key)
    reservation = await app.services.budget.reserve(record.tenant_id, "llm", tokens)
    if reservation and used:
        await app.services.budget.settle(reservation, *used)


async def test_a_tenant_is_told_what_it_spent_and_what_is_left(paid):
    await spend(paid, 300, 200, 50)
    await spend(paid, 100)
    await spend(paid, 651)

    status, answer, _ = await paid.call("GET", USAGE)

    budget = {"kind": "llm", "daily_tokens": 1_000, "spent_tokens": 350, "resets_at": "2026-11-25T00:00:00Z"}
    day = {
        "day": "2026-11-24",
        "kind": "llm",
        "calls": 1,
        "input_tokens": 200,
        "output_tokens": 50,
        "reserved_tokens": 100,
        "cost": 0.00006,
    }
    assert (status, answer) == (200, {"budgets": [budget], "days": [day], "currency": "EUR"})


async def test_another_tenant_is_told_of_its_own(paid):
    await spend(paid, 300, 200, 50)
    other = await paid.services.tenants.provision("other")

    _, answer, _ = await paid.call("GET", USAGE, headers={"X-API-Key": other})

    assert answer["days"] == []
    assert answer["budgets"][0]["spent_tokens"] == 0


async def test_paid_vectors_have_a_budget_and_a_missing_limit_is_absent(open_app):
    app = await open_app(embed_api_key="k", embedder_kind="openai", embed_base_url="http://127.0.0.1:1/v1")

    _, answer, _ = await app.call("GET", USAGE)

    assert [budget["kind"] for budget in answer["budgets"]] == ["llm", "embedding"]
    assert "daily_tokens" not in answer["budgets"][1]


async def test_usage_is_for_holders_of_a_key(paid):
    async with paid.client.get(USAGE) as answer:
        assert answer.status == 400


async def test_metrics_add_up_what_models_cost(paid):
    await spend(paid, 300, 200, 50)
    await spend(paid, 300, 100, 0)
    await spend(paid, 900)

    metrics = await read_metrics(paid)

    assert metrics["mnemo_model_calls_total", "llm"] == 2
    assert metrics["mnemo_model_input_tokens_total", "llm"] == 300
    assert metrics["mnemo_model_output_tokens_total", "llm"] == 50
    assert metrics["mnemo_model_cost_total", "llm"] == 0.000075
    assert metrics["mnemo_model_refusals_total", "llm"] == 1


async def test_without_a_budget_for_vectors_no_model_is_asked_for_them(open_app):
    app = await open_app(embedder_kind="openai", embed_daily_tokens=0)
    await app.call("POST", "/v1alpha2/mem9s/memories", json={"content": "alpha"})

    _, answer, _ = await app.call("GET", "/v1alpha2/mem9s/embedding")

    assert (answer["state"], answer["pending"]) == ("off", 0)
