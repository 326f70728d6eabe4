"""The choice of the embedding model, in plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

EmbedderKind: TypeAlias = Literal["auto", "local", "openai", "tidb", "none"]


@dataclass(frozen=True, slots=True)
class EmbedderChoice:
    """The operator's choice; fields that belong to other kinds than the chosen one are ignored."""

    kind: EmbedderKind = "auto"
    """`auto` means `openai` when it has a key or an address, else `local`."""
    model_path: Path | None = None
    """`local`: a model file to load instead of the packaged one."""
    threads: int = 1
    """`local`: threads that one run of the model uses."""
    api_key: str | None = field(default=None, repr=False)
    """`openai`: the key; a self-hosted endpoint may need none."""
    base_url: str | None = field(default=None, repr=False)
    """`openai`: the address without `/embeddings`; may contain a password. None: OpenAI's own."""
    model: str = "text-embedding-3-small"
    """`openai`: the model's name at the endpoint."""
    dimensions: int | None = None
    """`openai`: the vector length to request; None leaves it to the model."""
    database_model: str = "tidbcloud_free/amazon/titan-embed-text-v2"
    """`tidb`: the model's name in the database."""

    @property
    def is_paid(self) -> bool:
        """Whether vectors cost money, as far as is known: assumed wherever a service creates them."""
        return self.effective_kind in ("openai", "tidb")

    @property
    def effective_kind(self) -> EmbedderKind:
        """The kind, with `auto` resolved."""
        if self.kind != "auto":
            return self.kind
        return "openai" if self.api_key or self.base_url else "local"
