"""The cost of models, as seen by clients: the route and the metrics."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

EVENING = int(datetime(2026, 11, 24, 23, 59, tzinfo=UTC).timestamp()) * 1_000_000
USAGE = "/v1alpha2/mem9s/usage"


async def read_metrics(app) -> dict[tuple[str, str], float]:
    """Return the metrics that have a kind, by name and kind."""
    async with app.client.get("/metrics") as response:
        lines = re.findall(r'^(mnemo_\w+)\{kind="(\w+)"\} (\S+)$', await response.text(), re.MULTILINE)
    return {(name, kind): float(value) for name, kind, value in lines}


@pytest.fixture
async def app_with_prices(open_app):
    """An application with prices, on an evening that never ends."""
    return await open_app(
        clock=lambda: EVENING,
        llm_daily_tokens=1_000,
        llm_price_input="0.15",
        llm_price_output="0.6",
        currency="EUR",
    )


async def spend(app, tokens: int, *used: int) -> None:
    """Reserve tokens for a call of the key's tenant, and settle it if usage is given."""
    record = await app.services.tenants.find_key(app.api_key)
    reservation = await app.services.budget.reserve(record.tenant_id, "llm", tokens)
    if reservation and used:
        await app.services.budget.settle(reservation, *used)


async def test_usage_shows_what_was_spent_and_the_budget(app_with_prices):
    await spend(app_with_prices, 300, 200, 50)
    await spend(app_with_prices, 100)
    await spend(app_with_prices, 651)

    status, response, _ = await app_with_prices.call("GET", USAGE)

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
    assert (status, response) == (200, {"budgets": [budget], "days": [day], "currency": "EUR"})


async def test_usage_shows_only_the_tenants_own_calls(app_with_prices):
    await spend(app_with_prices, 300, 200, 50)
    other = await app_with_prices.services.tenants.provision("other")

    _, response, _ = await app_with_prices.call("GET", USAGE, headers={"X-API-Key": other})

    assert response["days"] == []
    assert response["budgets"][0]["spent_tokens"] == 0


async def test_paid_embeddings_have_a_budget_and_a_missing_limit_is_absent(open_app):
    app = await open_app(embed_api_key="k", embedder_kind="openai", embed_base_url="http://127.0.0.1:1/v1")

    _, response, _ = await app.call("GET", USAGE)

    assert [budget["kind"] for budget in response["budgets"]] == ["llm", "embedding"]
    assert "daily_tokens" not in response["budgets"][1]


async def test_usage_requires_a_key(app_with_prices):
    async with app_with_prices.client.get(USAGE) as response:
        assert response.status == 400


async def test_metrics_add_up_the_costs_of_models(app_with_prices):
    await spend(app_with_prices, 300, 200, 50)
    await spend(app_with_prices, 300, 100, 0)
    await spend(app_with_prices, 900)

    metrics = await read_metrics(app_with_prices)

    assert metrics["mnemo_model_calls_total", "llm"] == 2
    assert metrics["mnemo_model_input_tokens_total", "llm"] == 300
    assert metrics["mnemo_model_output_tokens_total", "llm"] == 50
    assert metrics["mnemo_model_cost_total", "llm"] == 0.000075
    assert metrics["mnemo_model_refusals_total", "llm"] == 1


async def test_with_a_budget_of_zero_nothing_is_embedded(open_app):
    app = await open_app(embedder_kind="openai", embed_daily_tokens=0)
    await app.call("POST", "/v1alpha2/mem9s/memories", json={"content": "alpha"})

    _, response, _ = await app.call("GET", "/v1alpha2/mem9s/embedding")

    assert (response["state"], response["pending"]) == ("off", 0)
