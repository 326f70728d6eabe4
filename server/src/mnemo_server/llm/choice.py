"""The choice of the language model, in plain values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The operator's choice."""

    api_key: str | None = field(default=None, repr=False)
    """The key; a self-hosted endpoint may need none."""
    base_url: str | None = field(default=None, repr=False)
    """The address without `/chat/completions`; may contain a password. None: OpenAI's own."""
    model: str = "gpt-4.1-mini"
    """The model's name at the endpoint."""
    timeout_seconds: float = 120
    """Limit for one response, including retries after errors."""

    @property
    def is_on(self) -> bool:
        """Whether a model was chosen."""
        return bool(self.api_key or self.base_url)
