"""Every setting of the server. The only module that reads values of the environment.

Each field `name` is the variable `MNEMO_NAME`; its docstring is its description in `docs/configuration.md`.
"""

from __future__ import annotations

from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias
from urllib.parse import quote

import platformdirs
from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mnemo_server.domain.budget import Kind, Plan
from mnemo_server.embedding.choice import EmbedderChoice, EmbedderKind
from mnemo_server.llm.choice import ModelChoice

#: The port of `mnemos.address.DEFAULT_URL`.
DEFAULT_PORT: Final = 8080
#: An address range in CIDR form.
Network = IPv4Network | IPv6Network


def _read_networks(value: Any) -> Any:
    """Read `10.0.0.0/8, 192.168.1.7` as networks."""
    if isinstance(value, str):
        return tuple(ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())
    return value


def _blank_is_none(value: Any) -> Any:
    """Treat a blank variable as one that isn't set."""
    return None if isinstance(value, str) and not value.strip() else value


#: Maximum number of tokens per day; None (no limit) if the variable is blank.
DailyTokens: TypeAlias = Annotated[
    Annotated[int, Field(ge=0, le=10**15)] | None, BeforeValidator(_blank_is_none)
]
#: Money for a million tokens.
Price: TypeAlias = Annotated[Decimal, Field(ge=0, le=100_000)]


def _reveal(secret: SecretStr | None) -> str | None:
    """Return the value of a secret; None for a blank one."""
    return secret.get_secret_value().strip() or None if secret is not None else None


class Settings(BaseSettings):
    """Settings with their defaults; the environment overrides them."""

    model_config = SettingsConfigDict(env_prefix="MNEMO_", frozen=True, use_attribute_docstrings=True)

    dsn: SecretStr | None = None
    """Database: `user:password@tcp(host:4000)/db`, `tidb://…`, `mysql://…` or `sqlite:///absolute/path`.
    Default: a SQLite file in the data folder."""

    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("mnemos")))
    """Folder of the SQLite file. Default: the platform's folder for application data."""

    host: str = "127.0.0.1"
    """Address to listen on. With the default, only this machine can connect."""

    port: int = Field(default=DEFAULT_PORT, ge=0, le=65_535)
    """Port to listen on; 0 chooses a free one."""

    db_pool_size: int = Field(default=8, ge=1, le=100)
    """Most connections in each pool to TiDB, MySQL or MariaDB. A server has three pools (reads, writes and
    transactions that only insert), so it opens up to 24 connections by default."""

    auto_migrate: bool = True
    """Update the database's tables at the start. Off: report what is missing, and exit."""

    rate_limit: float = Field(default=100, ge=0)
    """Average requests per second for each address and each key; 0 removes the limit."""

    rate_burst: int = Field(default=200, ge=1)
    """Requests that may arrive at once, before the average applies."""

    provision_per_hour: int = Field(default=60, ge=0)
    """Tenants that one address may create per hour; 0 removes the limit."""

    provision_token: SecretStr | None = None
    """If set, creating a tenant requires `Authorization: Bearer` with this token."""

    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_read_networks)] = ()
    """Comma-separated addresses or networks whose X-Forwarded-For is trusted."""

    admin_key: SecretStr | None = None
    """If set, `/metrics` also accepts requests of other machines that send it as `Authorization: Bearer`."""

    index_memory_mb: int = Field(default=512, ge=16)
    """Megabytes for the search indexes of all tenants, of which at most a quarter is for recently used binary
    codes of words. The least recently used are evicted. A million memories need about 260. A tenant that
    needs more than all of it is searched in the database: with the same quality, but in seconds rather than
    milliseconds."""

    embedder: EmbedderKind = "auto"
    """What embeds memories and queries, so that search understands meaning: `local` (a small English model on
    this machine), `openai` (an endpoint with OpenAI's API), `tidb` (EMBED_TEXT of TiDB Cloud), `none` (search
    by keywords only). `auto` is `openai` if a key or address for it is set, otherwise `local`."""

    embed_model_path: Annotated[Path | None, BeforeValidator(_blank_is_none)] = None
    """For `local`: ONNX file of all-MiniLM-L6-v2 to use. Default: the one that is installed with the
    server."""

    embed_threads: int = Field(default=1, ge=1, le=64)
    """For `local`: threads per run of the model. At most two runs are in progress at once, one of them for a
    query."""

    embed_api_key: SecretStr | None = None
    """For `openai`: the key."""

    embed_base_url: SecretStr | None = None
    """For `openai`: address of the endpoint, such as `http://127.0.0.1:11434/v1`. Default: OpenAI's."""

    embed_model: str = "text-embedding-3-small"
    """For `openai`: name of the model."""

    embed_dims: Annotated[int | None, BeforeValidator(_blank_is_none)] = Field(default=None, ge=1, le=16_384)
    """For `openai`: requested length of the vectors. Default: the model's own."""

    embed_auto_model: str = "tidbcloud_free/amazon/titan-embed-text-v2"
    """For `tidb`: name of the model in TiDB Cloud."""

    job_concurrency: int = Field(default=2, ge=0, le=64)
    """Jobs, such as extracting facts from a conversation, that this server runs at once; 0 leaves all jobs to
    other servers of the same database."""

    redact: bool = True
    """Remove secrets, such as keys, tokens, passwords and private keys, from everything that is sent, before
    it is stored, embedded or shown to a model: [redaction](redaction.md)."""

    recall_days: float = Field(default=7, ge=0, le=3_650)
    """Days for which the server keeps what models were shown and what was left out, for `mnemos recalls`; 0:
    nothing is kept."""

    llm_api_key: SecretStr | None = None
    """Key of an endpoint with OpenAI's API. With a key or an address, a language model turns conversations
    into memories: [enrichment](enrichment.md). With neither, no model is used and nothing is spent."""

    llm_base_url: SecretStr | None = None
    """Address of that endpoint, such as `http://127.0.0.1:11434/v1`. Default: OpenAI's."""

    llm_model: str = "gpt-4.1-mini"
    """Name of the language model there. Choose one with little or no reasoning output."""

    llm_timeout_seconds: float = Field(default=120, gt=0, le=3_600)
    """Seconds that one response of the language model may take, including retries after errors."""

    embed_daily_tokens: DailyTokens = None
    """For `openai` and `tidb`: maximum number of tokens for embedding per tenant and day (UTC), including
    queries. Beyond it, memories are stored and found by keywords, and embedded when the next day begins. Set
    at least 10,000, which is enough for any single text; 0: nothing is embedded. Default: no limit."""

    embed_price: Price = Decimal(0)
    """For `openai` and `tidb`: price of a million tokens, in `MNEMO_CURRENCY`, for `mnemos usage` and
    `/metrics`."""

    enrich_delay_seconds: float = Field(default=20, ge=0, le=86_400)
    """How long new messages of a session are gathered before the language model reads them: fewer, fuller
    requests cost less."""

    llm_daily_tokens: DailyTokens = 500_000
    """Maximum number of tokens of the language model per tenant and day (UTC), sent and received together.
    Beyond it, memories stay as they were stored until the next day begins. 0: the model is never used; empty:
    no limit."""

    llm_price_input: Price = Decimal(0)
    """Price of a million tokens sent to the language model, in `MNEMO_CURRENCY`."""

    llm_price_output: Price = Decimal(0)
    """Price of a million tokens received from it, in `MNEMO_CURRENCY`."""

    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    """Currency of the prices: three capital letters, such as `EUR`."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that is logged, to standard error."""

    log_format: Literal["console", "json"] | None = None
    """Format of the log. Default: `console` on a terminal, otherwise `json`."""

    shutdown_seconds: float = Field(default=10, ge=0)
    """Seconds that requests in progress may take to finish when the server stops."""

    @property
    def effective_dsn(self) -> str:
        """The DSN to use: the one that is set, or the SQLite file in the data folder."""
        if self.dsn is not None and self.dsn.get_secret_value().strip():
            return self.dsn.get_secret_value().strip()
        return f"sqlite://{quote(str(self.data_dir.expanduser().absolute() / 'mnemos.db'))}"

    @property
    def plans(self) -> dict[Kind, Plan]:
        """Budget and prices of each kind of paid model."""
        plans: dict[Kind, Plan] = {
            "llm": Plan(self.llm_daily_tokens, self.llm_price_input, self.llm_price_output)
        }
        if self.embedder_choice.is_paid:
            plans["embedding"] = Plan(self.embed_daily_tokens, self.embed_price)
        return plans

    @property
    def makes_vectors(self) -> bool:
        """Whether the embedding model may be used at all: not even to get its name if the budget is 0."""
        return not self.embedder_choice.is_paid or self.embed_daily_tokens != 0

    @property
    def embedder_choice(self) -> EmbedderChoice:
        """The settings of the embedding model, in the form of the embedding package."""
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
        """The settings of the language model, in the form of its package."""
        return ModelChoice(
            api_key=_reveal(self.llm_api_key),
            base_url=_reveal(self.llm_base_url),
            model=self.llm_model,
            timeout_seconds=self.llm_timeout_seconds,
        )
