from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_network

import pytest
from mnemo_server.domain.budget import Plan
from mnemo_server.settings import Settings
from pydantic import ValidationError


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MNEMO_{name.upper()}", raising=False)


def test_without_a_dsn_the_database_is_in_the_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MNEMO_DATA_DIR", str(tmp_path))

    assert Settings().effective_dsn == f"sqlite://{tmp_path}/mnemos.db"


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_dsn_is_ignored(monkeypatch, blank: str):
    monkeypatch.setenv("MNEMO_DSN", blank)

    assert Settings().effective_dsn.startswith("sqlite:///")


def test_the_default_host_is_loopback():
    assert Settings().host == "127.0.0.1"


def test_secrets_are_not_shown(monkeypatch):
    monkeypatch.setenv("MNEMO_DSN", "u:hunter2@tcp(h:4000)/d")
    monkeypatch.setenv("MNEMO_PROVISION_TOKEN", "hunter2")
    monkeypatch.setenv("MNEMO_ADMIN_KEY", "hunter2")

    assert "hunter2" not in repr(Settings())


def test_trusted_proxies_are_networks(monkeypatch):
    monkeypatch.setenv("MNEMO_TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.7,::1")

    assert Settings().trusted_proxies == (
        ip_network("10.0.0.0/8"),
        ip_network("192.168.1.7/32"),
        ip_network("::1/128"),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MNEMO_PORT", "70000"),
        ("MNEMO_RATE_LIMIT", "-1"),
        ("MNEMO_LOG_LEVEL", "loud"),
        ("MNEMO_TRUSTED_PROXIES", "x"),
        ("MNEMO_LLM_DAILY_TOKENS", "-1"),
        ("MNEMO_EMBED_DAILY_TOKENS", "many"),
        ("MNEMO_LLM_PRICE_INPUT", "-0.1"),
        ("MNEMO_LLM_PRICE_OUTPUT", "NaN"),
        ("MNEMO_EMBED_PRICE", "Infinity"),
        ("MNEMO_CURRENCY", "euro"),
        ("MNEMO_CURRENCY", ""),
    ],
)
def test_invalid_settings_are_rejected(monkeypatch, name: str, value: str):
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError):
        Settings()


def test_by_default_the_language_model_has_a_budget_and_free_embeddings_have_none():
    assert Settings().plans == {"llm": Plan(500_000)}
    assert Settings().makes_vectors


def test_budgets_and_prices_are_exact_decimals(monkeypatch):
    values = {
        "LLM_DAILY_TOKENS": "0",
        "LLM_PRICE_INPUT": "0.15",
        "LLM_PRICE_OUTPUT": "0.6",
        "EMBED_API_KEY": "k",
        "EMBED_DAILY_TOKENS": "2000000",
        "EMBED_PRICE": "0.02",
        "CURRENCY": "EUR",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"MNEMO_{name}", value)

    assert Settings().plans == {
        "llm": Plan(0, Decimal("0.15"), Decimal("0.6")),
        "embedding": Plan(2_000_000, Decimal("0.02")),
    }
    assert Settings().currency == "EUR"


@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_budget_means_no_limit(monkeypatch, blank: str):
    monkeypatch.setenv("MNEMO_LLM_DAILY_TOKENS", blank)
    monkeypatch.setenv("MNEMO_EMBED_DAILY_TOKENS", blank)
    monkeypatch.setenv("MNEMO_EMBEDDER", "tidb")

    assert Settings().plans == {"llm": Plan(None), "embedding": Plan(None)}


@pytest.mark.parametrize(
    ("embedder", "tokens", "makes_vectors"),
    [
        ("openai", "0", False),
        ("tidb", "0", False),
        ("openai", "1", True),
        ("openai", "", True),
        ("local", "0", True),
    ],
)
def test_with_a_budget_of_zero_no_embedding_endpoint_is_called(monkeypatch, embedder, tokens, makes_vectors):
    monkeypatch.setenv("MNEMO_EMBEDDER", embedder)
    monkeypatch.setenv("MNEMO_EMBED_DAILY_TOKENS", tokens)

    assert Settings().makes_vectors is makes_vectors


def test_every_setting_has_a_description():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
