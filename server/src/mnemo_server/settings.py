"""Every setting of the server. The only module that reads the environment.

Each field `name` is the variable `MNEMO_NAME`; its docstring is what `docs/configuration.md` says.
"""

from __future__ import annotations

from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import quote

import platformdirs
from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mnemo_server.domain.budget import Kind, Plan
from mnemo_server.embedding.choice import EmbedderChoice, EmbedderKind
from mnemo_server.llm.choice import ModelChoice

#: An address range in CIDR form.
Network = IPv4Network | IPv6Network


def _read_networks(value: Any) -> Any:
    """Read `10.0.0.0/8, 192.168.1.7` as networks."""
    if isinstance(value, str):
        return tuple(ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())
    return value


def _blank_is_none(value: Any) -> Any:
    """Read a blank variable as one that isn't set."""
    return None if isinstance(value, str) and not value.strip() else value


#: The most tokens in a day; none when the variable is blank.
DailyTokens: TypeAlias = Annotated[
    Annotated[int, Field(ge=0, le=10**15)] | None, BeforeValidator(_blank_is_none)
]
#: Money for a million tokens.
Price: TypeAlias = Annotated[Decimal, Field(ge=0, le=100_000)]


def _reveal(secret: SecretStr | None) -> str | None:
    """Return what a secret hides; none for a blank one."""
    return secret.get_secret_value().strip() or None if secret is not None else None


class Settings(BaseSettings):
    """Settings with their defaults; the environment overrides them."""

    model_config = SettingsConfigDict(env_prefix="MNEMO_", frozen=True, use_attribute_docstrings=True)

    dsn: SecretStr | None = None
    """Where the database is: `user:password@tcp(host:4000)/db`, `tidb://…`, `mysql://…` or
    `sqlite:///absolute/path`. Default: a SQLite file in the data folder."""

    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("mnemos")))
    """Folder of the SQLite file. Default: the platform's folder for application data."""

    host: str = "127.0.0.1"
    """Address to listen on. The default answers this machine alone."""

    port: int = Field(default=7077, ge=0, le=65_535)
    """Port to listen on; 0 takes a free one."""

    db_pool_size: int = Field(default=8, ge=1, le=100)
    """Most connections in each pool to TiDB, MySQL or MariaDB. A server has three pools (reads, writes and
    transactions that only insert), so it opens up to 24 connections by default."""

    auto_migrate: bool = True
    """Bring the database's tables up to date at the start. Off: say what is missing, and stop."""

    rate_limit: float = Field(default=100, ge=0)
    """Requests a second that one address or one key may make on average; 0 removes the limit."""

    rate_burst: int = Field(default=200, ge=1)
    """Requests that may come at once before the average counts."""

    provision_per_hour: int = Field(default=60, ge=0)
    """Tenants that one address may make in an hour; 0 removes the limit."""

    provision_token: SecretStr | None = None
    """When set, making a tenant takes `Authorization: Bearer` with this token."""

    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_read_networks)] = ()
    """Addresses or networks, separated by commas, whose X-Forwarded-For is believed."""

    admin_key: SecretStr | None = None
    """When set, `/metrics` also answers other machines that send it as `Authorization: Bearer`."""

    index_memory_mb: int = Field(default=512, ge=16)
    """Megabytes for the search indexes of all tenants together, and for the codes of words that were of use
    lately, which take a quarter at most; the least used make room. A million memories take about 260. A
    tenant that takes more than all of it is searched in the database instead: as well, but in seconds rather
    than milliseconds."""

    embedder: EmbedderKind = "auto"
    """What makes vectors of memories and questions, so that search knows what words mean: `local` (a small
    English model on this machine), `openai` (an endpoint with OpenAI's API), `tidb` (EMBED_TEXT of TiDB
    Cloud), `none` (search by words alone). `auto` is `openai` when a key or address for it is set, else
    `local`."""

    embed_model_path: Annotated[Path | None, BeforeValidator(_blank_is_none)] = None
    """For `local`: an ONNX file of all-MiniLM-L6-v2 to use. Default: the one that is installed with the
    server."""

    embed_threads: int = Field(default=1, ge=1, le=64)
    """For `local`: threads that one run of the model uses; at most two runs, one of them for a question, are
    under way at once."""

    embed_api_key: SecretStr | None = None
    """For `openai`: the key."""

    embed_base_url: SecretStr | None = None
    """For `openai`: the address of the endpoint, such as `http://127.0.0.1:11434/v1`. Default: OpenAI's."""

    embed_model: str = "text-embedding-3-small"
    """For `openai`: the name of the model."""

    embed_dims: Annotated[int | None, BeforeValidator(_blank_is_none)] = Field(default=None, ge=1, le=16_384)
    """For `openai`: the length of vector to ask for. Default: what the model gives by itself."""

    embed_auto_model: str = "tidbcloud_free/amazon/titan-embed-text-v2"
    """For `tidb`: the name of the model in TiDB Cloud."""

    job_concurrency: int = Field(default=2, ge=0, le=64)
    """Jobs, such as looking through a conversation, that this server works on at once; 0 leaves all of them
    to other servers of the same database."""

    redact: bool = True
    """Take secrets, such as keys, tokens, passwords and private keys, out of everything that is sent, before
    it is stored, embedded or shown to a model: [redaction](redaction.md)."""

    llm_api_key: SecretStr | None = None
    """Key of an endpoint with OpenAI's API. With a key or an address, a language model makes memories
    of conversations: [enrichment](enrichment.md). With neither, none is asked and nothing is spent."""

    llm_base_url: SecretStr | None = None
    """Address of that endpoint, such as `http://127.0.0.1:11434/v1`. Default: OpenAI's."""

    llm_model: str = "gpt-4.1-mini"
    """Name of the language model there. One that doesn't think aloud for long is the right one."""

    llm_timeout_seconds: float = Field(default=120, gt=0, le=3_600)
    """Seconds that one answer of the language model may take, repeats after errors included."""

    embed_daily_tokens: DailyTokens = None
    """For `openai` and `tidb`: the most tokens that vectors of one tenant may take in a day (UTC), those of
    questions included. Beyond it memories are stored and found by their words, and get their vectors when the
    next day begins. 10,000 are enough for any single text; 0: no vectors are made. Default: no limit."""

    embed_price: Price = Decimal(0)
    """For `openai` and `tidb`: what a million tokens cost, in `MNEMO_CURRENCY`, for `mnemos usage` and
    `/metrics`."""

    enrich_delay_seconds: float = Field(default=20, ge=0, le=86_400)
    """How long new messages of a session are gathered before the language model looks at them: fewer, fuller
    requests cost less."""

    llm_daily_tokens: DailyTokens = 500_000
    """The most tokens that the language model may take for one tenant in a day (UTC), both ways together.
    Beyond it memories stay as they were stored until the next day begins. 0: the model is never asked; empty:
    no limit."""

    llm_price_input: Price = Decimal(0)
    """What a million tokens sent to the language model cost, in `MNEMO_CURRENCY`."""

    llm_price_output: Price = Decimal(0)
    """What a million tokens that it answers cost, in `MNEMO_CURRENCY`."""

    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    """The currency of the prices: three capital letters, such as `EUR`."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is logged, to standard error."""

    log_format: Literal["console", "json"] | None = None
    """How it is logged. Default: `console` on a terminal, `json` elsewhere."""

    shutdown_seconds: float = Field(default=10, ge=0)
    """How long requests in flight may take to finish once the server is told to stop."""

    @property
    def effective_dsn(self) -> str:
        """The DSN to use: the one that was set, or the SQLite file in the data folder."""
        if self.dsn is not None and self.dsn.get_secret_value().strip():
            return self.dsn.get_secret_value().strip()
        return f"sqlite://{quote(str(self.data_dir.expanduser().absolute() / 'mnemos.db'))}"

    @property
    def plans(self) -> dict[Kind, Plan]:
        """What each kind of model that is paid for may take, and what it costs."""
        plans: dict[Kind, Plan] = {
            "llm": Plan(self.llm_daily_tokens, self.llm_price_input, self.llm_price_output)
        }
        if self.embedder_choice.is_paid:
            plans["embedding"] = Plan(self.embed_daily_tokens, self.embed_price)
        return plans

    @property
    def makes_vectors(self) -> bool:
        """Whether a model may be asked at all: not even for its name where nothing may be spent."""
        return not self.embedder_choice.is_paid or self.embed_daily_tokens != 0

    @property
    def embedder_choice(self) -> EmbedderChoice:
        """Which model makes the vectors, as the embedding package takes it."""
        return EmbedderChoice(
            kind=self.embedder,
            model_path=self.embed_model_path,
            threads=self.embed_threads,
            api_key=_reveal(self.embed_api_key),
            base_url=_reveal(self.embed_base_url),
            model=self.embed_model,
            dimensions=self.embed_dims,
            database_model=self.embed_auto_model,
        )

    @property
    def model_choice(self) -> ModelChoice:
        """Which language model is asked, as its package takes it."""
        return ModelChoice(
            api_key=_reveal(self.llm_api_key),
            base_url=_reveal(self.llm_base_url),
            model=self.llm_model,
            timeout_seconds=self.llm_timeout_seconds,
        )
