"""Which language model is asked, in plain values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """What whoever runs the server chose."""

    api_key: str | None = field(default=None, repr=False)
    """The key; an endpoint on one's own machine may need none."""
    base_url: str | None = field(default=None, repr=False)
    """The address above `/chat/completions`; may hold a password. None: OpenAI's own."""
    model: str = "gpt-4.1-mini"
    """The model's name there."""
    timeout_seconds: float = 120
    """For one answer, repeats after errors included."""

    @property
    def is_on(self) -> bool:
        """Whether a model was chosen at all."""
        return bool(self.api_key or self.base_url)
