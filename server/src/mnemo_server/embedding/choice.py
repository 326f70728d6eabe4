"""Which model makes the vectors, in plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

EmbedderKind: TypeAlias = Literal["auto", "local", "openai", "tidb", "none"]


@dataclass(frozen=True, slots=True)
class EmbedderChoice:
    """What whoever runs the server chose; fields of other kinds than the chosen one are ignored."""

    kind: EmbedderKind = "auto"
    """`auto` is `openai` when there is a key or an address for it, else `local`."""
    model_path: Path | None = None
    """`local`: a file to read instead of the packaged model."""
    threads: int = 1
    """`local`: threads that one run of the model uses."""
    api_key: str | None = field(default=None, repr=False)
    """`openai`: the key; an endpoint on one's own machine may need none."""
    base_url: str | None = field(default=None, repr=False)
    """`openai`: the address above `/embeddings`; may hold a password. None: OpenAI's own."""
    model: str = "text-embedding-3-small"
    """`openai`: the model's name there."""
    dimensions: int | None = None
    """`openai`: the length of vector to ask for; None leaves it to the model."""
    database_model: str = "tidbcloud_free/amazon/titan-embed-text-v2"
    """`tidb`: the model's name there."""

    @property
    def is_paid(self) -> bool:
        """Whether vectors cost something, as far as can be told: they do wherever others make them."""
        return self.effective_kind in ("openai", "tidb")

    @property
    def effective_kind(self) -> EmbedderKind:
        """The kind, with `auto` decided."""
        if self.kind != "auto":
            return self.kind
        return "openai" if self.api_key or self.base_url else "local"
